"""What an import asks, for machines: questions and rows by keyset pages, each answered by the verbs of the pages."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter
from sqlalchemy import Row

from services.ledger.importing import answering, display, pages, queries, wiping, workflow
from services.ledger.importing.forms import AnswerForm, LeaveOutForm
from services.ledger.importing.questions import Question, answers_of_choice, question_of
from services.ledger.importing.settling import Rows
from services.ledger.reading.profile import LedgerProfile
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, Refusal
from shared.forms import plain, read
from tenants.machine import api_refused
from tenants.packs import governing

_IMPORT = {"permission": "institution:ledger:import"}
_LIMIT = 200
_TEXT = 5_000
Kind = Literal["question", "refused", "left_out", "joined", "valid"]
Limit = Annotated[int, QueryParameter(ge=1, le=_LIMIT)]
Place = Annotated[int, QueryParameter(ge=-1, le=2**31 - 1)]
Revision = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class ChoiceOut(msgspec.Struct):
    """One answer to choose: ``value`` goes into ``choice``; what the reader takes for likely is ``proposed``."""

    value: str
    label: str
    proposed: bool


class QuestionOut(msgspec.Struct, kw_only=True):
    """All rows that ask the same: the same ``code`` of the same ``field`` where the cell says the same (``said``).

    ``first`` is the first row's ordinal, ``places`` names the first rows; where ``typed`` is true, ``choice`` may be ``typed``
    with the answer in ``text``. ``leave_out`` with a ``reason`` is always possible.
    """

    code: str
    field: str
    said: str
    message: str
    rows: int
    first: int
    places: str
    choices: list[ChoiceOut]
    typed: bool
    hint: str


class QuestionPage(msgspec.Struct):
    """One page in the file's order; ``next`` goes into ``after``, null where there is none."""

    items: list[QuestionOut]
    next: str | None


class QuestionAnswerIn(msgspec.Struct, kw_only=True):
    """One answer for all rows that ask the same; ``code``, ``field`` and ``said`` as the question gave them.

    ``choice`` is one of its values, ``typed`` (with ``text``) or ``leave_out`` (with ``reason``).
    """

    code: str
    field: str
    said: str = ""
    choice: str
    text: str = ""
    reason: str = ""


class RowOut(msgspec.Struct, kw_only=True):
    """One row of the file: why it is not imported, or which achievement it became. A classified row has no cells."""

    ordinal: int
    sheet: str
    rows: str
    reasons: list[str]
    cells: list[tuple[str, str]]
    revision: int
    achievement_id: UUID | None
    code: str | None


class RowPage(msgspec.Struct):
    """One page in the file's order; ``next`` goes into ``after``, null where there is none."""

    items: list[RowOut]
    next: int | None


class CellOut(msgspec.Struct, kw_only=True):
    """One cell of a held row: ``subject`` names it in an answer, ``raw`` is as it stands, ``value`` as it would be read."""

    subject: str
    label: str
    value: str
    raw: str
    options: list[str]
    asked: bool


class RowDetail(msgspec.Struct, kw_only=True):
    """One held row with every cell that can be answered. ``revision`` goes back with the answer."""

    ordinal: int
    sheet: str
    rows: str
    disposition: str
    pending: bool
    revision: int
    cells: list[CellOut]
    questions: list[QuestionOut]
    acceptable: list[str]


class RowAnswerIn(msgspec.Struct, kw_only=True):
    """Cells of one row as they should read, by subject, and codes accepted as they stand; both replace what was answered."""

    revision: Revision
    values: dict[str, str] = {}
    accept: list[str] = []


class LeaveOutIn(msgspec.Struct):
    """Keep one row out, with the reason."""

    revision: Revision
    reason: str


class RevisionIn(msgspec.Struct):
    """The row as it was seen."""

    revision: Revision


class AnsweredOut(msgspec.Struct):
    """How many rows were answered; ``waiting`` while they are still being checked again."""

    rows: int
    waiting: bool


class WipedOut(msgspec.Struct):
    """Of how many rows nothing is kept any more."""

    rows: int


@get("/imports/{import_id:uuid}/questions", opt=_IMPORT, summary="待人工确认的问题")
async def list_questions(
    tx: Transaction, import_id: UUID, after: str = "", limit: Limit = queries.QUESTIONS_SHOWN
) -> QuestionPage:
    """What rows ask, those that ask the same together, with the answers proposed."""
    row = await pages.loaded(tx, import_id)
    profile = await _profile(tx, row)
    found = await queries.asked_in_order(tx, import_id, after=after, limit=limit)
    shown = found[:limit]
    items = [
        _question(question_of(one.issue, one.n, display.places_of(one.places, one.n), one.first, profile))
        for one in shown
    ]
    return QuestionPage(items, f"{shown[-1].first}~{shown[-1].mark}" if len(found) > limit else None)


async def _profile(tx: Transaction, row: Row[Any]) -> LedgerProfile:
    return LedgerProfile.from_pack((await governing(tx, row.pack_version_id)).pack)


def _question(one: Question) -> QuestionOut:
    return QuestionOut(
        code=one.code,
        field=one.field,
        said=one.said,
        message=one.message,
        rows=one.rows,
        first=one.first,
        places=one.places,
        choices=[ChoiceOut(each.value, each.label, each.proposed) for each in (*one.choices, *one.listed)],
        typed=one.typed is not None,
        hint=one.typed or "",
    )


@post(
    "/imports/{import_id:uuid}/questions",
    opt=_IMPORT,
    status_code=200,
    summary="答复同样的问题",
    responses=answers(200, AnsweredOut, "已答复"),
)
async def answer_questions(tx: Transaction, import_id: UUID, data: JSONBody[QuestionAnswerIn]) -> Response[Any]:
    """Answer all rows that ask the same; what is right then is imported with the others, or at once after the import."""
    form, errors = read(AnswerForm, msgspec.to_builtins(data))
    if form is None:
        raise FormInvalid(errors)
    answered = answers_of_choice(form.code, form.field, form.choice, "", form.text, form.reason)
    return await _answered(tx, import_id, Rows(form.code, form.field, form.said), answered)


async def _answered(tx: Transaction, import_id: UUID, rows: Rows, answered: dict[str, str]) -> Response[Any]:
    done = await answering.answer(tx, import_id, rows, answered)
    if isinstance(done, Refusal):
        return api_refused(tx, done)
    tx.outcome = Outcome(200, f"/api/imports/{import_id}")
    return Response(AnsweredOut(done.rows, done.waiting), status_code=200)


@get("/imports/{import_id:uuid}/rows", opt=_IMPORT, summary="导入的各行")
async def list_rows(
    tx: Transaction, import_id: UUID, kind: Kind = "question", after: Place = -1, limit: Limit = queries.PAGE_SIZE
) -> RowPage:
    """Rows that ask, were returned or were left out with their reasons; ``valid``: which achievement each became."""
    row = await pages.loaded(tx, import_id)
    if kind == "valid":
        found = await queries.registered_rows(tx, import_id, after=after, limit=limit)
        items = [_registered(one) for one in found[:limit]]
    else:
        found = await queries.held_rows(tx, import_id, kind, after=after, limit=limit)
        told = display.held_of(found[:limit], workflow.layout_of(row))
        items = [_held(one, each) for one, each in zip(found, told, strict=False)]
    return RowPage(items, items[-1].ordinal if len(found) > limit else None)


def _registered(one: Row[Any]) -> RowOut:
    return RowOut(
        ordinal=one.ordinal,
        sheet=one.sheet,
        rows=display.range_of(one.first_row, one.first_row),
        reasons=[],
        cells=[("成果名称", one.name)],
        revision=one.revision,
        achievement_id=one.id,
        code=one.code,
    )


def _held(one: Row[Any], told: display.Held) -> RowOut:
    return RowOut(
        ordinal=one.ordinal,
        sheet=told.sheet,
        rows=told.rows,
        reasons=list(told.reasons),
        cells=list(told.cells),
        revision=one.revision,
        achievement_id=None,
        code=told.in_ledger or None,
    )


@get("/imports/{import_id:uuid}/rows/{ordinal:int}", opt=_IMPORT, summary="没有导入的一行")
async def read_row(tx: Transaction, import_id: UUID, ordinal: int) -> RowDetail:
    """One row that is not imported, with its cells and what it asks."""
    row = await pages.loaded(tx, import_id)
    seen = await pages.row_page(tx, row, ordinal)
    one = seen["one"]
    return RowDetail(
        ordinal=ordinal,
        sheet=one.sheet,
        rows=seen["seen"].rows,
        disposition=one.disposition,
        pending=one.pending,
        revision=one.revision,
        cells=[
            CellOut(
                subject=cell.name,
                label=cell.label,
                value=cell.value,
                raw=cell.raw,
                options=list(cell.options),
                asked=cell.asked,
            )
            for cell in seen["cells"]
        ],
        questions=[_question(each) for each in seen["questions"]],
        acceptable=[code for code, _ in seen["accepted"]],
    )


@post(
    "/imports/{import_id:uuid}/rows/{ordinal:int}/answer",
    opt=_IMPORT,
    status_code=200,
    summary="答复一行",
    responses=answers(200, AnsweredOut, "已答复"),
)
async def answer_row(tx: Transaction, import_id: UUID, ordinal: int, data: JSONBody[RowAnswerIn]) -> Response[Any]:
    """Say how cells of one row should read. With another ``revision`` than the row's present one it is refused."""
    seen = await pages.row_page(tx, await pages.loaded(tx, import_id), ordinal)
    raw = {cell.name: plain(cell.raw) for cell in seen["cells"]}
    acceptable = dict(seen["accepted"])
    wrong = {f"values.{name}": "这一行没有这一栏" for name in data.values if name not in raw}
    wrong |= {f"values.{name}": f"最多{_TEXT}个字" for name, text in data.values.items() if len(text) > _TEXT}
    wrong |= {f"accept.{code}": "这一行没有可以照此接受的问题" for code in data.accept if code not in acceptable}
    if wrong:
        raise FormInvalid(wrong)
    changed = {name: text for name, said in data.values.items() if (text := str(plain(said))) != raw[name]}
    return await _answered(
        tx, import_id, Rows(ordinal=ordinal, revision=data.revision), changed | dict.fromkeys(data.accept, "")
    )


@post(
    "/imports/{import_id:uuid}/rows/{ordinal:int}/leave-out",
    opt=_IMPORT,
    status_code=200,
    summary="不导入一行",
    responses=answers(200, AnsweredOut, "不导入"),
)
async def leave_out_row(tx: Transaction, import_id: UUID, ordinal: int, data: JSONBody[LeaveOutIn]) -> Response[Any]:
    """Keep one row out, with the reason."""
    form, errors = read(LeaveOutForm, msgspec.to_builtins(data))
    if form is None:
        raise FormInvalid(errors)
    return await _answered(tx, import_id, Rows(ordinal=ordinal, revision=form.revision), {"leave_out": form.reason})


@post(
    "/imports/{import_id:uuid}/rows/{ordinal:int}/wipe",
    opt=_IMPORT,
    status_code=200,
    summary="清除涉密的一行",
    responses=answers(200, WipedOut, "已清除"),
)
async def wipe_row(tx: Transaction, import_id: UUID, ordinal: int, data: JSONBody[RevisionIn]) -> Response[Any]:
    """Keep nothing of a row that turns out to be classified, nor of rows of the same name; there is no way back."""
    done = await wiping.wipe(tx, import_id, ordinal, data.revision)
    if isinstance(done, Refusal):
        return api_refused(tx, done)
    tx.outcome = Outcome(200, f"/api/imports/{import_id}")
    return Response(WipedOut(done), status_code=200)


HANDLERS = (list_questions, answer_questions, list_rows, read_row, answer_row, leave_out_row, wipe_row)
