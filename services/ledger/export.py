"""The ledger as a workbook: what is filtered on the screen, written by a job, fetched afterwards."""

import io
from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol
from uuid import UUID

import xlsxwriter
from sqlalchemy import Row, insert, select

from services.ledger.display import KINDS_OF_VALUE, obtained, words_of
from services.ledger.listing import Filters, count_rows, ledger_rows
from services.ledger.models import EXPORT_STATES, export_job
from services.ledger.rules import Vocabulary
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import new_id
from shared.tasks.broker import ask
from shared.workflow import Move, Moves, move, send

CASE = "export"
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
MOVES = Moves(
    CASE,
    export_job,
    EXPORT_STATES,
    (Move("finish_export", frozenset({"queued"}), "done", "exported", _EXPORT, "生成"),),
)


class Store(Protocol):
    """Where the finished file goes; `shared.storage.objects.ObjectStore`."""

    async def put(self, tenant_id: UUID, content: bytes) -> str: ...


async def request_export(tx: Transaction, filters: Filters, sort: str) -> UUID:
    """Ask for the filtered ledger as xlsx; the names of people in it are logged. Returns the export's id."""
    export_id = new_id()
    rows = await count_rows(tx, filters)
    await tx.execute(
        insert(export_job).values(
            tenant_id=tx.tenant_id,
            id=export_id,
            province_id=tx.province_id,
            person_id=tx.actor.person_id,
            filters={**filters.as_query(), "sort": sort},
            as_of=filters.as_of,
            rows_total=rows,
        )
    )
    # the words somebody searched for may be a name, which the log does not hold
    used = {name: value for name, value in filters.as_query().items() if name != "q"}
    details = {"filters": used, "searched": bool(filters.q), "rows": rows, "personal": ["完成人（团队）"]}
    await write_audit(tx, "ledger.export", CASE, export_id, details=details)
    await ask(tx, "write_export", export_id=str(export_id))
    return export_id


async def write_export(tx: Transaction, export_id: UUID, store: Store, filters: Filters, sort: str) -> Refusal | None:
    """Write the workbook into the object store and say so to the person who asked; running twice is once."""
    job = await _job(tx, export_id)
    if job is None or job.state != "queued":
        return None
    words = await words_of(tx)
    rows = await ledger_rows(tx, filters, sort)
    day = filters.as_of or tx.today
    digest = await store.put(tx.tenant_id, workbook(rows, words, day))
    changes = {
        "object_hash": digest,
        "file_name": f"单列管理台账_{day:%Y%m%d}.xlsx",
        "rows_total": len(rows),
        "rows_done": len(rows),
        "finished_at": tx.now,
    }
    refusal = await move(tx, MOVES, export_id, "finish_export", job.state, changes=changes, details={"rows": len(rows)})
    if refusal is None:
        title = f"台账导出完成，共 {len(rows)} 项"
        href = f"/institution/ledger/exports/{export_id}"
        await send(tx, "message", {"to_person": str(job.person_id), "title": title, "href": href})
    return refusal


async def _job(tx: Transaction, export_id: UUID) -> Row[Any] | None:
    table = export_job
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == export_id).with_for_update()
    )


def workbook(rows: Iterable[Any], words: Vocabulary, day: date) -> bytes:
    """An xlsx of these rows; text that a spreadsheet would read as a formula is kept as text."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("单列管理台账")
    head = book.add_format({"bold": True, "bg_color": "#E9EEF6", "border": 1, "text_wrap": True, "valign": "vcenter"})
    amount = book.add_format({"num_format": "#,##0.00"})
    for column, (_, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"职务科技成果单列管理台账　截至 {day:%Y-%m-%d}　示例格式　金额单位：元")
    for column, (label, _) in enumerate(COLUMNS):
        sheet.write_string(1, column, label, head)
    sheet.freeze_panes(2, 2)
    for place, row in enumerate(rows, 2):
        for column, value in enumerate(_cells(row, words)):
            if isinstance(value, str):
                sheet.write_string(place, column, safe_text(value))
            elif value is not None:
                sheet.write_number(place, column, value, amount if COLUMNS[column][0].endswith("（元）") else None)
    book.close()
    return target.getvalue()


def safe_text(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _cells(row: Any, words: Vocabulary) -> tuple[Any, ...]:
    return (
        row["code"],
        row["name"],
        "、".join(row["people"]),
        words.label("type", row["type"]),
        row["right_category"] or "",
        "、".join(row["numbers"]),
        obtained(row["obtained_on"], row["obtained_precision"]) if row["obtained_on"] else "",
        words.label("stage", row["stage_recognised"]),
        words.label("stage", row["stage_declared"]),
        words.label("status", row["status"]),
        row["conversions"] or None,
        words.label("mode", row["mode"]),
        row["value"],
        KINDS_OF_VALUE.get(row["value_kind"] or "", ""),
        row["college"] or "",
    )
