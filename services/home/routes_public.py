"""The demo clock: a control on every page, signed in or not, and the page that shows it moving. Demo mode only."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import Provide
from litestar.response import Redirect

from services.home import queries, workflow
from services.home.forms import read_clock_form
from shared.clock import SHANGHAI
from shared.db.transaction import Outcome, Transaction
from shared.errors import Forbidden, NotFound, Refusal
from shared.ui.links import local_address, with_query
from shared.ui.words import moment
from tenants.isolation import (
    all_provinces,
    engine_of,
    form_key_is_ours,
    load_session,
    public_transaction,
    session_transaction,
)
from tenants.pages import page, redirect, refused


async def anyones_transaction(request: Request[Any, Any, Any]) -> AsyncGenerator[Transaction, None]:
    """As the person who is signed in; else as a visitor of the first open province, once the form's key is found to be ours.

    :raises NotFound: outside demo mode.
    """
    if not request.app.state.settings.is_demo:
        raise NotFound
    edge = await load_session(request)
    if edge.session is not None:
        async with asynccontextmanager(session_transaction)(request) as tx:
            yield tx
        return
    if request.method == "POST":
        sent = str((await request.form()).get("form_key", ""))
        if not form_key_is_ours(request.app.state.keyring.form_key, "", sent):
            raise Forbidden("页面已过期，请返回上一页刷新后重新提交")
    provinces = (await all_provinces(engine_of(request))).values()
    slug = next((one.slug for one in provinces if one.science_id is not None), "")
    async with asynccontextmanager(public_transaction)(request, slug) as tx:
        yield tx


@post("/", status_code=303)
async def move_clock(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Start a move; the page of its progress follows."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    back = local_address(form.get("return_to")) or "/"
    target = read_clock_form(form).target(tx.now)
    if target is None:
        return refused(request, tx, Refusal("clock.unreadable", "请选择要拨到的日期和时间"), back=back)
    refusal = await workflow.move_clock(tx, target)
    if refusal is not None:
        return refused(request, tx, refusal, back=back)
    return redirect(tx, progress_address("/clock", back))


def progress_address(path: str, back: str) -> str:
    return with_query(path, {"return_to": back})


@get("/")
async def clock(request: Request[Any, Any, Any], tx: Transaction, return_to: str | None = None) -> Response[Any]:
    """The move under way; back to where one came from when it has arrived."""
    back = local_address(return_to) or "/"
    move = await queries.clock_move(tx)
    if move.target is None:
        tx.outcome = Outcome(303, back)
        return Redirect(_arrived(back), status_code=303)
    return page(request, "home/public/clock.html", "演示时钟正在推进", _context(move, back))


@get("/progress")
async def clock_progress(
    request: Request[Any, Any, Any], tx: Transaction, return_to: str | None = None
) -> Response[Any]:
    """The piece of the page that asks again every two seconds."""
    back = local_address(return_to) or "/"
    move = await queries.clock_move(tx)
    answer = page(request, "home/public/clock_progress.html", "演示时钟正在推进", _context(move, back))
    if move.target is None:
        answer.headers["hx-redirect"] = _arrived(back)
    return answer


def _arrived(back: str) -> str:
    return back if "done=" in back else f"{back}{'&' if '?' in back else '?'}done=moved"


def _context(move: queries.ClockMove, back: str) -> dict[str, Any]:
    at = moment(move.at.astimezone(SHANGHAI)) if move.at else ""
    return {
        "move": move,
        "done": move.done_seconds // 60,
        "total": move.total_seconds // 60,
        "words": f"已到 {at}，拨向 {moment(move.target)}" if move.target else f"已到 {at}",
        "href": progress_address("/clock/progress", back),
    }


HANDLERS = (
    Router(
        "/clock",
        route_handlers=[move_clock, clock, clock_progress],
        dependencies={"tx": Provide(anyones_transaction)},
        opt={"audience": "demo"},
        include_in_schema=False,
    ),
)
