"""The ledger as a workbook: what is filtered on the screen, written by a job, fetched afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache
from operator import itemgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, insert, select

from services.ledger.display import KINDS_OF_VALUE, obtained, words_of
from services.ledger.listing import Filters, count_rows, ledger_pages
from services.ledger.models import EXPORT_STATES, export_job
from services.ledger.points import Point
from services.ledger.rules import Vocabulary
from services.ledger.sheets import SHEETS, Sheet, portions
from shared.audit.writing import write_audit
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import GrowingWorkbook, Style, Styled, WrittenRow, WrittenSheet
from shared.errors import Refusal
from shared.ids import new_id
from shared.tasks.broker import ask
from shared.workflow import Move, Moves, move, send
from tenants.masking import names_shown
from tenants.names import own_former_name

CASE = "export"
FIRST_ROW = 3
_EXPORT = "institution:ledger:export"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    ("编号", 14),
    ("成果名称", 44),
    ("完成人（团队）", 30),
    ("成果类型", 18),
    ("专利类别", 12),
    ("权利号", 22),
    ("取得时间", 12),
    ("认定阶段", 12),
    ("填报阶段", 12),
    ("转化状态", 12),
    ("转化频次", 10),
    ("转化方式", 12),
    ("转化价值（元）", 18),
    ("价值口径", 12),
    ("所属部门", 24),
)
# Fields of the article by the pack's codes, as columns above.
_OF_FIELD = {
    "name": (1,), "completers": (2,), "achievement_type": (3,), "obtained_on": (6,), "stage": (7, 8), "status": (9,),
    "frequency": (10,), "mode": (11,), "value": (12, 13),
}  # fmt: skip
LEDGER = "ledger"
MOVES = Moves(
    CASE,
    export_job,
    EXPORT_STATES,
    (Move("finish_export", frozenset({"queued"}), "done", "exported", _EXPORT, "生成"),),
    articles=("fields.ledger",),
)


class Store(Protocol):
    """Where the finished file goes; `shared.storage.objects.ObjectStore`."""

    async def put(self, tenant_id: UUID, content: bytes) -> str: ...


async def request_export(tx: Transaction, filters: Filters, sort: str, wanted: str = LEDGER) -> UUID:
    """Ask for the filtered ledger, or another list of it (``sheets.SHEETS``), as xlsx; the names of people in it are logged.
    Returns the export's id.
    """
    export_id = new_id()
    rows = await count_rows(tx, filters) if wanted == LEDGER else None
    await tx.execute(
        insert(export_job).values(
            tenant_id=tx.tenant_id,
            id=export_id,
            province_id=tx.province_id,
            person_id=tx.actor.person_id,
            list=wanted,
            filters={
                **filters.as_query(),
                "sort": sort,
                "ids": [str(one) for one in filters.ids],
                "masked": not names_shown(tx),
            },
            as_of=filters.as_of,
            rows_total=rows,
        )
    )
    # the words somebody searched for may be a name, which the log does not hold
    used = {name: value for name, value in filters.as_query().items() if name != "q"}
    details = {
        "filters": used,
        "searched": bool(filters.q),
        "ticked": len(filters.ids),
        "rows": rows,
        "personal": list(SHEETS[wanted].personal) if wanted in SHEETS else ["完成人（团队）"],
        "list": wanted,
    }
    await write_audit(tx, "ledger.export", CASE, export_id, details=details)
    await ask(tx, "write_export", export_id=str(export_id))
    return export_id


async def write_export(tx: Transaction, export_id: UUID, store: Store, filters: Filters, sort: str) -> Refusal | None:
    """Write the workbook into the object store and say so to the person who asked; running twice is once."""
    job = await _job(tx, export_id)
    if job is None or job.state != "queued":
        return None
    words = await words_of(tx)
    day, sheet = filters.as_of or tx.today, SHEETS.get(job.list)
    unit = await own_former_name(tx, filters.as_of)
    book, count = GrowingWorkbook(_head_of(sheet, filters.point, day, words, unit)), 0
    async for rows in ledger_pages(tx, filters, sort) if sheet is None else portions(tx, sheet, filters):
        first = FIRST_ROW + count
        book.add(lines(rows, words, first) if sheet is None else _other_lines(sheet, rows, words, filters, first))
        count += len(rows)
    digest = await store.put(tx.tenant_id, book.finish())
    changes = {
        "object_hash": digest,
        "file_name": f"{sheet.title if sheet is not None else '单列管理台账'}_{day:%Y%m%d}.xlsx",
        "rows_total": count,
        "rows_done": count,
        "finished_at": tx.now,
    }
    refusal = await move(tx, MOVES, export_id, "finish_export", job.state, changes=changes, details={"rows": count})
    if refusal is None:
        title = f"{sheet.title if sheet is not None else '台账'}导出完成，共 {count} 项"
        href = f"/institution/ledger/exports/{export_id}"
        await send(tx, "message", {"to_person": str(job.person_id), "title": title, "href": href})
    return refusal


async def _job(tx: Transaction, export_id: UUID) -> Row[Any] | None:
    table = export_job
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == export_id).with_for_update()
    )


def _head_of(sheet: Sheet | None, point: Point, day: date, words: Vocabulary, unit: str) -> WrittenSheet:
    if sheet is None:
        columns = [COLUMNS[place] for place in order_of(words)]
        return head(day, columns, point.known_at, unit=unit)
    return head(day, sheet.columns, point.known_at, sheet.title, unit)


def head(
    day: date,
    columns: Sequence[tuple[str, int]] = COLUMNS,
    known_at: datetime | None = None,
    title: str = "职务科技成果单列管理台账",
    unit: str = "",
) -> WrittenSheet:
    """The sheet with its two first rows: what it is and as of when, and the columns' names.

    ``unit`` is what the unit was called on the day, where that was another name than today's.
    """
    known = f"　按 {known_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（实际时间）以前的登记" if known_at is not None else ""
    called = f"　时称 {unit}" if unit else ""
    words = f"{title}　截至 {day:%Y-%m-%d}{called}{known}　示例格式　金额单位：元"
    rows: tuple[WrittenRow, ...] = ((1, [words]), (2, [Styled(label, Style.HEADER) for label, _ in columns]))
    widths = [width for _, width in columns]
    return WrittenSheet(title.removeprefix("职务科技成果"), rows, widths=widths, frozen_rows=2, frozen_columns=2)


@cache
def _places(fields: tuple[str, ...], staged: bool) -> tuple[int, ...]:
    named = [place for code in fields for place in _OF_FIELD.get(code, ())]
    without = () if staged else _OF_FIELD["stage"]
    return tuple(one for one in dict.fromkeys((0, *named, *range(len(COLUMNS)))) if one not in without)


def order_of(words: Vocabulary) -> tuple[int, ...]:
    """The columns in the order of the province's article on the ledger, what it does not name behind; without a stage where
    its text knows none.
    """
    return _places(tuple(words.fields), bool(words.stages))


def _other_lines(
    sheet: Sheet, rows: Iterable[Any], words: Vocabulary, filters: Filters, first: int
) -> Iterator[WrittenRow]:
    for place, row in enumerate(rows, first):
        yield place, [safe_text(one) if isinstance(one, str) else one for one in sheet.line(row, words, filters)]


def lines(rows: Iterable[Any], words: Vocabulary, first: int) -> Iterator[WrittenRow]:
    """The ledger's rows as the sheet has them, from row number ``first`` on."""
    ordered = itemgetter(*order_of(words))
    for place, row in enumerate(rows, first):
        yield place, ordered(_cells(row, words))


def safe_text(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _cells(row: Any, words: Vocabulary) -> tuple[Any, ...]:
    return (
        row["code"],
        safe_text(row["name"]),
        safe_text("、".join(row["people"])),
        words.label("type", row["type"]),
        safe_text(row["right_category"] or ""),
        safe_text("、".join(row["numbers"])),
        obtained(row["obtained_on"], row["obtained_precision"]) if row["obtained_on"] else "",
        words.label("stage", row["stage_recognised"]),
        words.label("stage", row["stage_declared"]),
        words.label("status", row["status"]),
        row["conversions"] or None,
        words.label("mode", row["mode"]),
        None if row["value"] is None else Styled(float(row["value"]), Style.MONEY),
        KINDS_OF_VALUE.get(row["value_kind"] or "", ""),
        safe_text(row["college"] or ""),
    )
