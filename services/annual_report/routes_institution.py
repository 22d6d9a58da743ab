"""An institution's pages of its yearly reports: list, one year, rows behind a figure, texts, figures, submission, workbook."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post

from services.annual_report import pages, queries, rules, workflow
from services.annual_report.addressing import addressed
from services.annual_report.figures import COLUMNS, DIMENSIONS
from services.annual_report.forms import FreezeForm, read_figures, read_texts, statable
from services.annual_report.models import REPORT_STATES, SUBMISSION_STATES
from services.annual_report.payload import changes_between, title_of, workbook
from services.annual_report.rules import label_of
from services.annual_report.standing import OPEN, Standing, forms_of, standing
from services.ledger.rules import vocabulary
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from shared.ui.words import of_year
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

HOME = "/institution/reports"
_READ = {"permission": "institution:report:read"}
_WRITE, _SUBMIT = {"permission": workflow.WRITE}, {"permission": workflow.SUBMIT}
MENU = (MenuEntry("institution", "报告与留痕", "年度报告", "report-analytics", HOME, "institution:report:read", 900),)
_YEARS_BACK = 2
_AT = "/reports/{year:int}/{report:str}"


def _crumbs(found: Standing, *further: str) -> tuple[Crumb, ...]:
    here = of_year(found.form.label, found.form.year)
    steps = [Crumb("年度报告", HOME), Crumb(here, _address(found) if further else "")]
    return (*steps, *(Crumb(step) for step in further))


def _address(found: Standing) -> str:
    return f"{HOME}/{found.form.year}/{found.form.code}"


@get("/reports", opt=_READ)
async def reports(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Every yearly report: how far it has come, until when, to whom."""
    rows = {(row.year, row.report): row for row in await queries.own_reports(tx)}
    newest = workflow.year_to_report(tx.today)
    years = sorted({*range(newest - _YEARS_BACK + 1, newest + 1), *(year for year, _ in rows)}, reverse=True)
    shown = []
    for year in years:
        for form in await forms_of(tx, year):
            row = rows.pop((year, form.code), None)
            due = await _due(tx, await standing(tx, form.code, year)) if year == newest else None
            shown.append((form, row, due))
    context = {"shown": shown, "states": REPORT_STATES, "tones": pages.TONES, "today": tx.today, "newest": newest}
    return page(request, "annual_report/institution/reports.html", "年度报告", context)


async def _due(tx: Transaction, found: Standing) -> rules.Asked:
    submitted_at = found.row.submitted_at if found.row is not None and found.row.state not in OPEN else None
    return rules.due(
        found.form, found.form.unit_stage, found.given, found.traits, found.governed.pack, tx.today, submitted_at
    )


@get(_AT, opt=_READ)
async def report_year(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[str]:
    """One report of one year."""
    found = await standing(tx, report, year)
    title = of_year(found.form.label, year)
    context = await _year_context(tx, found)
    return page(request, "annual_report/institution/year.html", title, context, crumbs=_crumbs(found))


async def _year_context(tx: Transaction, found: Standing) -> dict[str, Any]:
    context: dict[str, Any] = {
        "found": found,
        "form_": found.form,
        "stage": found.form.unit_stage,
        "address": _address(found),
        "due": await _due(tx, found),
        "today": tx.today,
        "states": REPORT_STATES,
        "tones": pages.TONES,
        "columns": COLUMNS,
        "moves": {move.name for move in workflow.MOVES.available(found.row.state, tx.actor.permissions)}
        if found.row
        else set(),
        "may_write": workflow.WRITE in tx.actor.permissions and (found.row is None or found.row.state in OPEN),
        "row": found.row,
        "over": tx.today > found.form.as_of,
        "absent": await _absent(tx, found),
    }
    if found.row is None or found.frozen is None:
        return context
    content = found.content()
    groups = pages.groups_of(content, _address(found))
    balance, further = rules.sums(found.lines, found.form.code, found.governed.pack, tx.today)
    returns = await queries.returns_of(tx, found.id)
    return context | {
        "content": content,
        "groups": groups,
        "types_chart": pages.chart_of(groups[0]) if groups else None,
        "uneven": [*balance.answer.findings, *further],
        "missing": rules.incomplete(found.form, found.texts),
        "later": await _later(tx, found),
        "submissions": await queries.own_submissions(tx, found.id),
        "submission_states": SUBMISSION_STATES,
        "returns": [one for one in returns if returns and one.submission_id == returns[0].submission_id],
        "events": await queries.events_of(tx, found.id),
        "event_words": pages.EVENTS,
        "looks": await queries.looks_at(tx, found.id),
        "look_words": pages.LOOKS,
    }


async def _later(tx: Transaction, found: Standing) -> tuple[int, Any] | None:
    """What the ledger has learned about the year since the freeze, with the pack's advice."""
    assert found.frozen is not None
    count, since = await queries.changed_since(tx, found.frozen.as_of, found.frozen.known_at)
    if not count or since is None:
        return None
    pack = found.governed.pack
    asked = rules.after_freeze(found.form, found.form.as_of, since, found.frozen.known_at, pack, tx.today)
    return count, asked.answer.findings


@post(_AT + "/freeze", opt=_WRITE, status_code=303)
async def freeze(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[Any]:
    """Freeze the year, or freeze it again with a reason."""
    form, errors = read(FreezeForm, typed(await request.form()))
    if form is None:
        raise NotFound(str(errors))
    done = await workflow.freeze(tx, report, year, reason=form.reason)
    here = f"{HOME}/{year}/{report}"
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=here)
    return redirect(tx, here, done="done")


@get(_AT + "/rows", opt=_READ)
async def figure_rows(
    request: Request[Any, Any, Any],
    tx: Transaction,
    year: int,
    report: str,
    dimension: str = "type",
    value: str = "",
    column: str = "closing",
    after: int = 0,
) -> Response[str]:
    """The achievements behind one frozen figure."""
    found = await standing(tx, report, year)
    if found.frozen is None or not queries.is_figure(dimension, column) or not 0 <= after < 2**31:
        raise NotFound
    limit = 1_000 if dimension == "deal" else queries.PAGE_SIZE
    rows = await queries.rows_behind(
        tx, found.id, found.frozen.number, dimension, value, column, frozen=found.frozen, after=after, limit=limit
    )
    context = {
        "rows": rows[:limit],
        "more": rows[limit - 1].number if len(rows) > limit else None,
        "first": after == 0,
        "query": {"dimension": dimension, "value": value, "column": column},
        "address": _address(found),
        "found": found,
        "words": vocabulary(found.governed.pack),
        "figure": f"{DIMENSIONS[dimension]}：{label_of(found.governed.pack, dimension, value)}，{COLUMNS[column]}",
        "deal": dimension == "deal",
    }
    crumbs = _crumbs(found, "数据来源")
    return page(request, "annual_report/institution/rows.html", "数据来源", context, crumbs=crumbs)


async def _open(tx: Transaction, year: int, report: str) -> Standing:
    """The report while it may be written; else there is no such form."""
    found = await standing(tx, report, year)
    if found.row is None or found.row.state not in OPEN:
        raise NotFound
    return found


async def _narrative_context(tx: Transaction, found: Standing, state: FormState) -> dict[str, Any]:
    last = await queries.last_years_texts(tx, found.form.code, found.form.year)
    returns = await queries.returns_of(tx, found.id) if found.row is not None and found.row.state == "returned" else []
    reasons = {one.field: one.reason for one in returns if one.submission_id == returns[0].submission_id}
    return {"found": found, "form": state, "address": _address(found), "last": last, "reasons": reasons}


@get(_AT + "/narrative", opt=_WRITE)
async def narrative(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[str]:
    """The texts; a part that is still empty begins with last year's."""
    found = await _open(tx, year, report)
    last = await queries.last_years_texts(tx, report, year)
    values = {f"part:{one.code}": found.texts.get(one.code) or last.get(one.code, "") for one in found.form.contents}
    context = await _narrative_context(tx, found, FormState(values))
    return page(
        request, "annual_report/institution/narrative.html", "填写文字内容", context, crumbs=_crumbs(found, "文字内容")
    )


@post(_AT + "/narrative", opt=_WRITE, status_code=303)
async def save_narrative(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[Any]:
    """Keep the texts."""
    found = await standing(tx, report, year)
    sent = typed(await request.form())
    texts, errors = read_texts(sent, {one.code: one.label for one in found.form.contents})
    if errors:
        context = await _narrative_context(tx, found, FormState(sent, errors))
        return unprocessable(request, tx, "annual_report/institution/narrative.html", "填写文字内容", context)
    refusal = await workflow.save_narrative(tx, report, year, texts)
    if refusal is not None:
        return refused(request, tx, refusal, back=_address(found))
    return redirect(tx, _address(found), done="saved")


def _figures_context(found: Standing, state: FormState) -> dict[str, Any]:
    labels = _labels(found)
    groups = [
        (DIMENSIONS[name], [line for line in statable(found.lines) if line.dimension == name])
        for name in dict.fromkeys(line.dimension for line in statable(found.lines) if line.value)
    ]
    return {
        "found": found, "form": state, "address": _address(found), "groups": groups, "labels": labels, "columns": COLUMNS,
        "refusal": None,
    }  # fmt: skip


def _labels(found: Standing) -> dict[str, str]:
    return {line.key: label_of(found.governed.pack, line.dimension, line.value) for line in found.lines}


@get(_AT + "/figures", opt=_WRITE)
async def figures(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[str]:
    """The form for stating other figures than were counted."""
    found = await _open(tx, year, report)
    values: dict[str, Any] = {
        f"{line.key}:{name}": figure for line in statable(found.lines) for name, figure in line.figures.items()
    }
    context = _figures_context(found, FormState({**values, "reason": found.stated.reason}))
    return page(
        request, "annual_report/institution/figures.html", "更正报送数", context, crumbs=_crumbs(found, "更正报送数")
    )


@post(_AT + "/figures", opt=_WRITE, status_code=303)
async def state_figures(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[Any]:
    """State other figures, with the reason."""
    found = await standing(tx, report, year)
    sent = typed(await request.form())
    stated, reason, errors = read_figures(sent, found.lines, _labels(found))
    template, title = "annual_report/institution/figures.html", "更正报送数"
    context = _figures_context(found, FormState(sent, errors))
    if errors:
        return unprocessable(request, tx, template, title, context)
    refusal = await workflow.state_figures(tx, report, year, stated, reason)
    if refusal is not None:
        return refused_in_place(request, tx, refusal, template, title, context, crumbs=_crumbs(found, title))
    return redirect(tx, _address(found), done="saved")


@get(_AT + "/submit", opt=_SUBMIT)
async def submission(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[str]:
    """What will be handed over, to whom, and what changed since the last time."""
    found = await _open(tx, year, report)
    context = await _submit_context(tx, found)
    title = "重新报送" if found.row is not None and found.row.state == "returned" else "报送"
    return page(request, "annual_report/institution/submit.html", title, context, crumbs=_crumbs(found, title))


async def _submit_context(tx: Transaction, found: Standing) -> dict[str, Any]:
    content = found.content()
    balance, further = rules.sums(found.lines, found.form.code, found.governed.pack, tx.today)
    groups = pages.groups_of(content)
    return {
        "found": found,
        "address": _address(found),
        "content": content,
        "groups": groups,
        "columns": COLUMNS,
        "changes": changes_between(await queries.newest_content(tx, found.id), content),
        "uneven": rules.unsound(balance, further),
        "missing": rules.incomplete(found.form, found.texts),
        "due": await _due(tx, found),
        "stage": found.form.unit_stage,
        "absent": await _absent(tx, found),
        "refusal": None,
    }


async def _absent(tx: Transaction, found: Standing) -> Sequence[str]:
    """Whom the report names as recipients and nobody is registered for."""
    stage = found.form.unit_stage
    department = (found.row or await queries.unit_of(tx)).department_id
    return (await addressed(tx, stage, stage.recipients, department)).absent


@post(_AT + "/submit", opt=_SUBMIT, status_code=303)
async def submit(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[Any]:
    """Hand the report over."""
    done = await workflow.submit(tx, report, year)
    here = f"{HOME}/{year}/{report}"
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=here)
    return redirect(tx, here, done="submitted")


@get(_AT + "/workbook", opt=_READ)
async def report_workbook(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[bytes]:
    """The report as it stands, as xlsx."""
    found = await standing(tx, report, year)
    if found.frozen is None:
        raise NotFound
    content = found.content()
    return pages.xlsx(f"{found.unit.name}_{title_of(content)}.xlsx", workbook(content))


HANDLERS = (
    reports, report_year, freeze, figure_rows, narrative, save_narrative, figures, state_figures, submission, submit,
    report_workbook,
)  # fmt: skip
