"""The page of ownership: owners with exact shares over time, custody, declassification."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.display import record_tabs, shown, words_of
from services.ledger.ownership import forms, queries, workflow
from services.ledger.ownership.rules import owner_of, owners_of
from services.ledger.points import NOW, Point
from services.ledger.queries import find_achievement
from services.ledger.then import absent, asked_record
from services.ledger.workflow import MOVES
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused_in_place, unprocessable

_HOME = "/institution/ledger"
_TITLE = "权属"
_TEMPLATE = "ledger/ownership/ownership.html"


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    row = await find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", _HOME), Crumb(row.name, f"{_HOME}/{row.id}"), Crumb(_TITLE)


async def _context(tx: Transaction, row: Row[Any], form: FormState | None = None, point: Point = NOW) -> dict[str, Any]:
    words = await words_of(tx)
    custody = row.custody or {}
    stands = {
        "owners": "\n".join(owner_of(one).as_line() for one in row.owners or ()),
        "custodian": custody.get("agency"),
        "contract": custody.get("contract"),
        "custody_from": custody.get("from"),
        "custody_to": custody.get("to"),
        "declassified_on": row.declassified_on,
        "since": tx.today,
        "revision": row.revision,
    }
    return {
        "row": row,
        "periods": [
            (one, [owner_of(each) for each in one.owners], shown("custody", one.custody, words))
            for one in await queries.periods(tx, row.id, point)
        ],
        "core": shown("core_technology", row.core_technology, words),
        "form": form or FormState(stands),
        "may_write": not point.past
        and any(one.name == "record_ownership" for one in MOVES.available(row.state, tx.actor.permissions)),
        "point": point,
        "today": tx.today,
        "refusal": None,
        "home": f"{_HOME}/{row.id}",
        "tabs": record_tabs(row.id, words, _TITLE, point),
        "path": _HOME,
    }


@get("/ledger/{achievement_id:uuid}/ownership", opt={"permission": "institution:ledger:read"})
async def show_ownership(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """The periods, of today or until a past day; the form for those who may write."""
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, _TITLE)
    row = then.detail.row
    return page(request, _TEMPLATE, _TITLE, await _context(tx, row, point=then.point), crumbs=_crumbs(row))


@post("/ledger/{achievement_id:uuid}/ownership", opt={"permission": "institution:ledger:write"})
async def record_ownership(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record owners and custody from a day on."""
    row = await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.OwnershipForm, values)
    errors = errors or (form.faults() if form is not None else {})
    if form is None or errors:
        context = await _context(tx, row, FormState(values, errors))
        return unprocessable(request, tx, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    done = await workflow.record_ownership(
        tx,
        row.id,
        owners_of(form.owners),
        since=form.since,
        reason=form.reason,
        custody=form.custody(),
        declassified_on=form.declassified_on,
        revision=form.revision or None,
    )
    if isinstance(done, Refusal):
        context = await _context(tx, row, FormState(values))
        return refused_in_place(request, tx, done, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    return redirect(tx, f"{_HOME}/{achievement_id}/ownership", done="saved")


HANDLERS = (show_ownership, record_ownership)
