"""The page of lost rights: checks by the responsible department, booking by finance and asset management."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.display import record_tabs, words_of
from services.ledger.losses import forms, queries, rules, workflow
from services.ledger.losses.models import CAUSES, STATES
from services.ledger.points import NOW, Point
from services.ledger.queries import find_achievement, rights_of
from services.ledger.rights.rules import IN_FORCE
from services.ledger.then import absent, asked_record
from services.ledger.workflow import MOVES
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import came_back, page, redirect
from tenants.people import names_of

_HOME = "/institution/ledger"
_TITLE = "权利丧失"
_TEMPLATE = "ledger/losses/losses.html"


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    row = await find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row


async def _context(
    tx: Transaction, row: Row[Any], given: Mapping[str, FormState] | None = None, point: Point = NOW
) -> dict[str, Any]:
    forms_back, words, pack = given or {}, await words_of(tx), (await governing(tx)).pack
    handovers = await queries.handovers_of(tx, row.id, point)
    people = {one for each in handovers for one in (each.handed_by, each.received_by) if one}
    rights = [one for one in await rights_of(tx, row.id) if one.status in IN_FORCE]
    may_write = not point.past and any(
        one.name == "correct" for one in MOVES.available(row.state, tx.actor.permissions)
    )
    return {
        "row": row,
        "rights": [(one.number, one.number) for one in rights],
        "handovers": handovers,
        "names": await names_of(tx, list(people)),
        "causes": {code: label for code, (label, _) in CAUSES.items()},
        "states": STATES,
        "checks": list(rules.CHECKS.items()),
        "article": rules.duty_article(pack),
        "reading": pack.content.readings.get(rules.DUTY),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "loss_form": forms_back.get("loss") or FormState({"lost_on": tx.today}),
        "booking_form": forms_back.get("booking") or FormState(),
        "may_write": may_write and bool(rights),
        "may_book": not point.past and queries.RECEIVE in tx.actor.permissions,
        "point": point,
        "today": tx.today,
        "refusal": None,
        "home": f"{_HOME}/{row.id}",
        "tabs": record_tabs(row.id, words, _TITLE, point),
        "path": _HOME,
    }


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", _HOME), Crumb(row.name, f"{_HOME}/{row.id}"), Crumb(_TITLE)


@get("/ledger/{achievement_id:uuid}/losses", opt={"permission": "institution:ledger:read"})
async def show_losses(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """What was lost, what was checked, how it was booked; the form for those who may write."""
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, _TITLE)
    row = then.detail.row
    return page(request, _TEMPLATE, _TITLE, await _context(tx, row, point=then.point), crumbs=_crumbs(row))


@post("/ledger/{achievement_id:uuid}/losses", opt={"permission": "institution:ledger:write"})
async def record_loss(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record a loss with its checks."""
    await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.LossForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, "loss", FormState(values, errors))
    checks = {name: getattr(form, name) for name in rules.CHECKS}
    done = await workflow.record_loss(tx, achievement_id, form.number, form.cause, form.lost_on, checks)
    if isinstance(done, Refusal):
        return await _again(request, tx, achievement_id, "loss", FormState(values), done)
    return redirect(tx, f"{_HOME}/{achievement_id}/losses", done="done")


@post("/ledger/{achievement_id:uuid}/losses/{handover_id:uuid}/receive", opt={"permission": queries.RECEIVE})
async def receive(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, handover_id: UUID
) -> Response[Any]:
    """Record how it was booked."""
    await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.BookingForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, "booking", FormState(values, {"": errors["booking"]}))
    refusal = await workflow.receive(tx, achievement_id, handover_id, form.booking)
    if refusal is not None:
        return await _again(request, tx, achievement_id, "booking", FormState(values), refusal)
    return redirect(tx, f"{_HOME}/{achievement_id}/losses", done="done")


async def _again(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    name: str,
    form: FormState,
    refusal: Refusal | None = None,
) -> Response[str]:
    """The page with the form that came back: wrong fields, or a refusal."""
    row = await _loaded(tx, achievement_id)
    context = await _context(tx, row, {name: form})
    return came_back(request, tx, refusal, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))


HANDLERS = (show_losses, record_loss, receive)
