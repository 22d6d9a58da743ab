"""Pages where a person answers what an import asks: the work list, one row, the columns."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.importing import answering, pages, queries, remapping, rules, wiping, workflow
from services.ledger.importing.forms import AnswerForm, LeaveOutForm, RowForm
from services.ledger.importing.pages import HOME, IMPORT, TEMPLATES
from services.ledger.importing.questions import answers_of_choice
from services.ledger.importing.settling import Rows
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.forms import plain, read, typed
from shared.ui.page import FormState
from tenants.pages import page, redirect, refused, refused_in_place, unprocessable

_WORK_LIST = f"{TEMPLATES}questions.html"
_TITLE = "待人工确认的问题"
# Nothing that may be classified is shown again.
_NOT_REPEATED = "import.answer_secret"


@get("/imports/{import_id:uuid}/questions", opt=IMPORT)
async def show_questions(
    request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, start: int = 0
) -> Response[str]:
    """What rows ask, those that ask the same together."""
    row = await pages.loaded(tx, import_id)
    context = await pages.questions_page(tx, row, max(start, 0))
    return page(request, _WORK_LIST, _TITLE, context, crumbs=pages.crumbs(row, "待人工确认"))


@post("/imports/{import_id:uuid}/questions", opt=IMPORT, status_code=303)
async def answer_questions(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """One answer for all rows that ask the same."""
    values = typed(await request.form())
    form, errors = read(AnswerForm, values)
    start = int(values["start"]) if str(values.get("start", "")).isdigit() else 0
    if form is None:
        row = await pages.loaded(tx, import_id)
        context = await pages.questions_page(tx, row, start, FormState(values, errors))
        return unprocessable(request, tx, _WORK_LIST, _TITLE, context)
    answers = answers_of_choice(form.code, form.field, form.choice, form.picked, form.text, form.reason)
    done = await answering.answer(tx, import_id, Rows(form.code, form.field, form.said), answers)
    if isinstance(done, Refusal):
        row = await pages.loaded(tx, import_id)
        context = await pages.questions_page(tx, row, start, _again(done, values))
        return refused_in_place(request, tx, done, _WORK_LIST, _TITLE, context, crumbs=pages.crumbs(row, "待人工确认"))
    return redirect(tx, f"{HOME}/{import_id}/questions", done="saved")


def _again(refusal: Refusal, values: Mapping[str, Any]) -> FormState:
    return FormState() if refusal.code == _NOT_REPEATED else FormState(dict(values))


@get("/imports/{import_id:uuid}/rows/{ordinal:int}", opt=IMPORT)
async def show_row(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, ordinal: int) -> Response[str]:
    """One row that is not imported, with every cell to be answered."""
    row = await pages.loaded(tx, import_id)
    return _row(request, row, await pages.row_page(tx, row, ordinal))


def _row(request: Request[Any, Any, Any], row: Row[Any], context: Mapping[str, Any]) -> Response[str]:
    return page(request, f"{TEMPLATES}row.html", _row_title(context), context, crumbs=pages.crumbs(row, "待人工确认"))


def _row_title(context: Mapping[str, Any]) -> str:
    return f"{context['seen'].sheet} {context['seen'].rows}"


@post("/imports/{import_id:uuid}/rows/{ordinal:int}/answer", opt=IMPORT, status_code=303)
async def answer_row(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, ordinal: int) -> Response[Any]:
    """Cells of one row as they should read, and what is accepted as it stands."""
    values = typed(await request.form(), lists=("accept",))
    row = await pages.loaded(tx, import_id)
    context = await pages.row_page(tx, row, ordinal)
    answers = {
        cell.name: text
        for cell in context["cells"]
        if (text := str(plain(values.get(f"a-{cell.name}", cell.raw)))[:5000]) != plain(cell.raw)
    }
    answers |= {code: "" for code in values.get("accept", ()) if code in dict(context["accepted"])}
    return await _answered(request, tx, row, ordinal, RowForm, values, answers)


@post("/imports/{import_id:uuid}/rows/{ordinal:int}/leave-out", opt=IMPORT, status_code=303)
async def leave_out_row(
    request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, ordinal: int
) -> Response[Any]:
    """Keep one row out, with the reason."""
    values = typed(await request.form())
    row = await pages.loaded(tx, import_id)
    answers = {"leave_out": str(plain(values.get("reason", "")))}
    return await _answered(request, tx, row, ordinal, LeaveOutForm, values, answers)


async def _answered(
    request: Request[Any, Any, Any],
    tx: Transaction,
    row: Row[Any],
    ordinal: int,
    model: type[RowForm],
    values: Mapping[str, Any],
    answers: Mapping[str, str],
) -> Response[Any]:
    name = f"{TEMPLATES}row.html"
    form, errors = read(model, values)
    if form is None:
        context = await pages.row_page(tx, row, ordinal, FormState(dict(values), errors))
        return unprocessable(request, tx, name, _row_title(context), context)
    done = await answering.answer(tx, row.id, Rows(ordinal=ordinal, revision=form.revision), answers)
    if isinstance(done, Refusal):
        context = await pages.row_page(tx, row, ordinal, _again(done, values))
        crumbs = pages.crumbs(row, "待人工确认")
        return refused_in_place(request, tx, done, name, _row_title(context), context, crumbs=crumbs)
    left = await queries.held_row(tx, row.id, ordinal)
    if left is not None and left.disposition == "question":
        return redirect(tx, f"{HOME}/{row.id}/rows/{ordinal}", done="saved")
    return redirect(tx, f"{HOME}/{row.id}/questions", done="saved")


@post("/imports/{import_id:uuid}/rows/{ordinal:int}/wipe", opt=IMPORT, status_code=303)
async def wipe_row(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, ordinal: int) -> Response[Any]:
    """Keep nothing of a row that is classified."""
    form, _ = read(RowForm, typed(await request.form()))
    done = await wiping.wipe(tx, import_id, ordinal, form.revision if form else -1)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}/{import_id}/questions")
    return redirect(tx, f"{HOME}/{import_id}/questions", done="done")


@post("/imports/{import_id:uuid}/columns", opt=IMPORT, status_code=303)
async def change_columns(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """What the columns mean, otherwise than the reader took them; everything is read again."""
    values = typed(await request.form())
    row = await pages.loaded(tx, import_id)
    sheets = rules.ledger_sheets(workflow.layout_of(row))
    chosen = {
        sheet.name: {
            column.letter: str(values[key])
            for column in sheet.columns
            if (key := f"c-{sheet.index}-{column.letter}") in values
        }
        for sheet in sheets
    }
    units = {
        sheet.name: unit
        for sheet in sheets
        if (unit := values.get(f"u-{sheet.index}")) in ("元", "万元", "亿元") and unit != sheet.amount_unit
    }
    errors = rules.mapping_errors(workflow.layout_of(row), chosen)
    name = f"{TEMPLATES}import.html"
    if errors and row.state == "checked":
        context = await pages.detail(tx, row, columns_form=FormState(values, errors))
        return unprocessable(request, tx, name, row.file_name, context)
    refusal = await remapping.remap(tx, import_id, chosen, units)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/{import_id}")
    return redirect(tx, f"{HOME}/{import_id}", done="saved")


HANDLERS = (
    show_questions,
    answer_questions,
    show_row,
    answer_row,
    leave_out_row,
    wipe_row,
    change_columns,
)
