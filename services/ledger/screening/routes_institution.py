"""筛查自评: the cycle, the rounds, a round's achievements with their results."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.display import words_of
from services.ledger.forms import id_of
from services.ledger.screening import forms, queries, rules, workflow
from services.ledger.screening.models import CHOSEN_BY_CYCLE, REASONS, RESULTS, ROUND_STATES
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable
from tenants.people import names_of

HOME = "/institution/screening"
TITLE = "筛查自评"
MENU = (MenuEntry("institution", "单列管理", TITLE, "list-search", HOME, queries.SEE, 25),)
_PAGE = "ledger/screening/"
_SEE, _JUDGE, _PLAN = {"permission": queries.SEE}, {"permission": queries.JUDGE}, {"permission": workflow.PLAN}


async def _home(tx: Transaction, given: Mapping[str, FormState] | None = None) -> dict[str, Any]:
    """Everything of the first page; ``given`` are the forms that came back."""
    plan, last, running = await queries.plan(tx), await queries.last_round(tx), await queries.open_round(tx)
    due = None
    if plan is not None:
        due = rules.next_due(plan.first_due_on, plan.every_months, last.due_on if last is not None else None)
    forms_back = given or {}
    standing = {name: getattr(plan, name) for name in forms.PlanForm.model_fields} if plan is not None else {}
    return {
        "plan": plan,
        "plans": await queries.plans(tx),
        "rounds": await queries.rounds(tx),
        "running": running,
        "due": due,
        "waiting": await queries.waiting(tx),
        "plan_form": forms_back.get("plan") or FormState({"ahead_days": 30, "reasons": CHOSEN_BY_CYCLE, **standing}),
        "round_form": forms_back.get("round") or FormState({"due_on": due}),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "reasons": REASONS,
        "chosen_by_cycle": [(code, REASONS[code]) for code in CHOSEN_BY_CYCLE],
        "states": ROUND_STATES,
        "results": RESULTS,
        "may_plan": workflow.PLAN in tx.actor.permissions,
        "may_judge": queries.JUDGE in tx.actor.permissions,
        "article": rules.article((await governing(tx)).pack),
        "today": tx.today,
        "home": HOME,
    }


@get("/screening", opt=_SEE)
async def show_screening(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The cycle, the round under way, earlier ones, what waits for the next."""
    return page(request, f"{_PAGE}home.html", TITLE, await _home(tx))


@post("/screening/plan", opt=_PLAN)
async def set_plan(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Set the cycle."""
    values = typed(await request.form(), ("reasons",))
    form, errors = read(forms.PlanForm, values)
    if form is None:
        context = await _home(tx, {"plan": FormState({"reasons": (), **values}, errors)})
        return unprocessable(request, tx, f"{_PAGE}home.html", TITLE, context)
    await workflow.set_plan(tx, **form.model_dump())
    return redirect(tx, HOME, done="saved")


@post("/screening/rounds", opt=_JUDGE)
async def begin_round(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Begin a round before its day, or for a day of one's own."""
    values = typed(await request.form())
    form, errors = read(forms.RoundForm, values)
    if form is not None and form.due_on < tx.today:
        errors = {"due_on": "完成日期不能早于今天"}
    if form is None or errors:
        context = await _home(tx, {"round": FormState(values, errors)})
        return unprocessable(request, tx, f"{_PAGE}home.html", TITLE, context)
    done = await workflow.begin_round(tx, form.due_on)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=HOME)
    return redirect(tx, f"{HOME}/{done}", done="done")


async def _round(tx: Transaction, round_id: UUID) -> Row[Any]:
    row = await queries.find_round(tx, round_id)
    if row is None:
        raise NotFound
    return row


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb(TITLE, HOME), Crumb(f"第 {row.number} 轮")


async def _context(
    tx: Transaction, row: Row[Any], query: Mapping[str, Any], given: Mapping[str, FormState] | None = None
) -> dict[str, Any]:
    """One page of a round's achievements, fifty at a time by number; ``open`` in the address leaves out those that are done."""
    forms_back, only_open = given or {}, bool(query.get("open"))
    after = str(query.get("after") or "")
    found = await queries.items(
        tx,
        row.id,
        waiting_only=only_open,
        after=int(after) if after.isdecimal() and len(after) < 10 else 0,
        limit=queries.PAGE_SIZE + 1,
    )
    shown = found[: queries.PAGE_SIZE]
    people = [one for item in shown for one in (item.judged_by, item.added_by) if one]
    address = f"{HOME}/{row.id}"
    may_judge = queries.JUDGE in tx.actor.permissions and row.state == "open"
    return {
        "row": row,
        "items": shown,
        "names": await names_of(tx, [*people, *[one for one in (row.opened_by, row.closed_by) if one]]),
        "counts": await queries.counts(tx, row.id),
        "only_open": only_open,
        "first": with_query(address, {}, open="1" if only_open else None) if after else None,
        "next": with_query(address, {}, open="1" if only_open else None, after=shown[-1].number)
        if len(found) > queries.PAGE_SIZE
        else None,
        "words": await words_of(tx),
        "reasons": REASONS,
        "results": RESULTS,
        "states": ROUND_STATES,
        "may_judge": may_judge,
        "result_form": forms_back.get("result") or FormState(),
        "close_form": forms_back.get("close") or FormState(),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "article": rules.article((await governing(tx)).pack),
        "refusal": None,
        "chosen": (),
        "results_options": [(code, label) for code, (label, _) in RESULTS.items()],
        "today": tx.today,
        "address": address,
    }


@get("/screening/{round_id:uuid}", opt=_SEE)
async def show_round(request: Request[Any, Any, Any], tx: Transaction, round_id: UUID) -> Response[str]:
    """A round: its achievements, each with why it is looked at and what came out."""
    row = await _round(tx, round_id)
    context = await _context(tx, row, request.query_params)
    return page(request, f"{_PAGE}round.html", f"第 {row.number} 轮{TITLE}", context, crumbs=_crumbs(row))


@post("/screening/{round_id:uuid}/results", opt=_JUDGE)
async def judge(request: Request[Any, Any, Any], tx: Transaction, round_id: UUID) -> Response[Any]:
    """Give the ticked achievements a result."""
    row = await _round(tx, round_id)
    values = typed(await request.form(), ("id",))
    form, errors = read(forms.ResultForm, values)
    ids = [found for one in values.get("id", []) if (found := id_of(one)) is not None]
    if not ids:
        errors["id"] = "请先勾选成果"
    if form is None or errors:
        context = await _context(tx, row, {}, {"result": FormState(values, errors)}) | {"chosen": values.get("id", ())}
        title = f"第 {row.number} 轮{TITLE}"
        return unprocessable(request, tx, f"{_PAGE}round.html", title, context, crumbs=_crumbs(row))
    done = await workflow.judge(tx, round_id, ids, form.result, form.finding)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}/{round_id}")
    return redirect(tx, f"{HOME}/{round_id}?open=1", done="saved")


@post("/screening/{round_id:uuid}/close", opt=_JUDGE)
async def close_round(request: Request[Any, Any, Any], tx: Transaction, round_id: UUID) -> Response[Any]:
    """End the round."""
    row = await _round(tx, round_id)
    values = typed(await request.form())
    form, errors = read(forms.CloseForm, values)
    title = f"第 {row.number} 轮{TITLE}"
    if form is None:
        context = await _context(tx, row, {}, {"close": FormState(values, errors)})
        return unprocessable(request, tx, f"{_PAGE}round.html", title, context, crumbs=_crumbs(row))
    refusal = await workflow.close_round(tx, round_id, form.summary)
    if refusal is not None:
        context = await _context(tx, row, {}, {"close": FormState(values)})
        return refused_in_place(request, tx, refusal, f"{_PAGE}round.html", title, context, crumbs=_crumbs(row))
    return redirect(tx, f"{HOME}/{round_id}", done="done")


HANDLERS = (show_screening, set_plan, begin_round, show_round, judge, close_round)
