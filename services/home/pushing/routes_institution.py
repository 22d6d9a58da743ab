"""推送: the addresses of the unit's own systems, the log of what went there, what is sent once more."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.home.pushing import queries, workflow
from services.home.pushing.forms import TargetForm
from services.home.pushing.models import DELIVERY_STATES, EVENTS, TARGET_STATES, TEST
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.push.addresses import fault_of
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable

HOME = "/institution/deliveries"
TITLE = "推送与记录"
MENU = (MenuEntry("institution", "报告与留痕", TITLE, "send", HOME, queries.MANAGE, 945),)
_PAGE = "home/pushing/"
_MANAGE = {"permission": queries.MANAGE}


def _cursor(value: str) -> tuple[datetime, UUID] | None:
    """``instant_id`` of the last row that was shown; None for anything else."""
    instant, _, row_id = value.rpartition("_")
    try:
        found = datetime.fromisoformat(instant), UUID(row_id)
    except ValueError:
        return None
    return found if found[0].tzinfo is not None else None


async def _context(tx: Transaction, query: Mapping[str, Any], form: FormState | None = None) -> dict[str, Any]:
    state, before = str(query.get("state") or ""), _cursor(str(query.get("before") or ""))
    state = state if state in DELIVERY_STATES else ""
    found = await queries.deliveries(tx, state, before=before, limit=queries.PAGE_SIZE + 1)
    shown = found[: queries.PAGE_SIZE]
    older = None
    if len(found) > queries.PAGE_SIZE:
        older = with_query(HOME, {"state": state}, before=f"{shown[-1].created_at.isoformat()}_{shown[-1].id}")
    dead = await queries.count_dead(tx)
    return {
        "targets": [(one, workflow.TARGETS.available(one.state, tx.actor.permissions)) for one in await queries.targets(tx)],
        "deliveries": shown,
        "tabs": [("全部", HOME, not state, 0)]
        + [(label, f"{HOME}?state={code}", code == state, dead if code == "dead" else 0)
           for code, label in DELIVERY_STATES.items()],
        "newest": with_query(HOME, {"state": state}) if before else None,
        "older": older,
        "form": form or FormState({"events": tuple(EVENTS)}),
        "events": EVENTS | {TEST: "测试"},
        "choices": tuple(EVENTS.items()),
        "target_states": TARGET_STATES,
        "states": DELIVERY_STATES,
        "home": HOME,
    }  # fmt: skip


@get("/deliveries", opt=_MANAGE)
async def show_deliveries(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The addresses and the log; what was pushed is not shown, since it is business."""
    return page(request, f"{_PAGE}deliveries.html", TITLE, await _context(tx, request.query_params))


@get("/deliveries/dead", opt=_MANAGE)
async def count_dead(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """How many were given up, as a fragment that the first page of a system administrator asks for; empty where none was."""
    context = {"dead": await queries.count_dead(tx), "home": HOME}
    return page(request, f"{_PAGE}dead.html", "", context, headers={"cache-control": "no-store"})


@post("/deliveries/targets", opt=_MANAGE)
async def add_target(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Register an address."""
    values = typed(await request.form(), ("events",))
    form, errors = read(TargetForm, values)
    state = request.app.state
    fault = fault_of(form.url, state.settings.named_push_hosts) if form is not None else ""
    if fault:
        errors = {"url": fault}
    if form is None or errors:
        context = await _context(tx, {}, FormState({"events": (), **values}, errors))
        return unprocessable(request, tx, f"{_PAGE}deliveries.html", TITLE, context)
    target_id = await workflow.add_target(tx, state.keyring, form.name, form.url, form.events)
    return redirect(tx, f"{HOME}/targets/{target_id}/secret", done="saved")


@get("/deliveries/targets/{target_id:uuid}/secret", opt=_MANAGE)
async def show_secret(request: Request[Any, Any, Any], tx: Transaction, target_id: UUID) -> Response[str]:
    """The key for checking signatures, and how that is done."""
    secret = await workflow.show_secret(tx, request.app.state.keyring, target_id)
    row = await queries.find_target(tx, target_id)
    context = {"row": row, "secret": secret, "home": HOME}
    headers = {"cache-control": "no-store"}
    crumbs = (Crumb(TITLE, HOME), Crumb("签名密钥"))
    return page(request, f"{_PAGE}secret.html", "签名密钥", context, crumbs=crumbs, headers=headers)


@post("/deliveries/targets/{target_id:uuid}/{name:str}", opt=_MANAGE)
async def change_target(request: Request[Any, Any, Any], tx: Transaction, target_id: UUID, name: str) -> Response[Any]:
    """Pause, resume, remove, or send a test."""
    if name == "test":
        await workflow.test_target(tx, target_id)
        return redirect(tx, HOME, done="submitted")
    if name not in {one.name for one in workflow.TARGETS.moves}:
        raise NotFound
    refusal = await workflow.change_target(tx, target_id, name)
    return redirect(tx, HOME, done="done") if refusal is None else refused(request, tx, refusal, back=HOME)


@post("/deliveries/{delivery_id:uuid}/again", opt=_MANAGE)
async def send_again(request: Request[Any, Any, Any], tx: Transaction, delivery_id: UUID) -> Response[Any]:
    """Once more what was given up."""
    refusal = await workflow.send_again(tx, delivery_id)
    if isinstance(refusal, Refusal):
        return refused(request, tx, refusal, back=HOME)
    return redirect(tx, HOME, done="submitted")


HANDLERS = (show_deliveries, count_dead, add_target, show_secret, change_target, send_again)
