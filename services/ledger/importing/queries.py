"""What the import pages and the home page show: imports, their rows, what was remembered, what waits for a person."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, tuple_

from services.ledger.importing import rules
from services.ledger.importing.models import OVER, ImportState, import_mapping, ledger_import, ledger_import_row
from services.ledger.models import achievement
from services.ledger.reading.layout import SheetLayout
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.people import person

PAGE_SIZE = 50
LIST_SIZE = 30
QUESTIONS_SHOWN = 20
RETURNED_AT_ONCE = 2_000
_PREVIEWED = 8
_LAST_ORDINAL = 2**31 - 1
_PERMISSION = "institution:ledger:import"
_WAITING = (ImportState.MAPPING.value, ImportState.CHECKED.value, ImportState.APPLIED.value)
# What lists need; the layout and the note of positions are large.
_LISTED = tuple(column for column in ledger_import.c if column.name not in ("note", "layout"))


def _own(tx: Transaction, import_id: UUID) -> tuple[Any, Any]:
    return ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == import_id


async def find_import(tx: Transaction, import_id: UUID) -> Row[Any] | None:
    """One import with the name of who uploaded it; None for an unknown id and for another tenant's."""
    return await tx.row(
        select(*_LISTED, ledger_import.c.layout, person.c.name.label("uploader"))
        .outerjoin(
            person, (person.c.tenant_id == ledger_import.c.tenant_id) & (person.c.id == ledger_import.c.uploaded_by)
        )
        .where(*_own(tx, import_id))
    )


async def note_of(tx: Transaction, import_id: UUID) -> Any:
    """The positions that the kept workbook does not say itself."""
    return await tx.scalar(select(ledger_import.c.note).where(*_own(tx, import_id)))


async def import_for_update(tx: Transaction, import_id: UUID) -> Row[Any] | None:
    """The whole row, locked until the end of the transaction."""
    return await tx.row(select(ledger_import).where(*_own(tx, import_id)).with_for_update())


async def import_of_file(tx: Transaction, sha256: str) -> Row[Any] | None:
    """The import of the same file that is under way or done."""
    return await tx.row(
        select(*_LISTED, person.c.name.label("uploader"))
        .outerjoin(
            person, (person.c.tenant_id == ledger_import.c.tenant_id) & (person.c.id == ledger_import.c.uploaded_by)
        )
        .where(
            ledger_import.c.tenant_id == tx.tenant_id,
            ledger_import.c.sha256 == sha256,
            ledger_import.c.state.not_in(OVER),
        )
    )


async def list_imports(tx: Transaction, *, behind: UUID | None = None, limit: int = LIST_SIZE) -> Sequence[Row[Any]]:
    """The newest imports first, or those older than one; an id that is none of the tenant's leaves nothing."""
    table = ledger_import
    wanted = [table.c.tenant_id == tx.tenant_id]
    if behind is not None:
        mark = select(table.c.created_at, table.c.id).where(*_own(tx, behind)).subquery()
        wanted.append(tuple_(table.c.created_at, table.c.id) < select(mark.c.created_at, mark.c.id).scalar_subquery())
    return await tx.rows(
        select(*_LISTED, person.c.name.label("uploader"))
        .outerjoin(
            person, (person.c.tenant_id == ledger_import.c.tenant_id) & (person.c.id == ledger_import.c.uploaded_by)
        )
        .where(*wanted)
        .order_by(ledger_import.c.created_at.desc(), ledger_import.c.id.desc())
        .limit(limit)
    )


async def last_import(tx: Transaction) -> Row[Any] | None:
    """The newest import that was made, for the home page's card: file_name, valid, questions, refused, finished_at, id."""
    return await tx.row(
        select(*_LISTED)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.state == ImportState.APPLIED.value)
        .order_by(ledger_import.c.created_at.desc())
        .limit(1)
    )


async def held_rows(
    tx: Transaction, import_id: UUID, disposition: str, *, after: int = -1, limit: int = PAGE_SIZE
) -> Sequence[Row[Any]]:
    """Rows that are not imported, in the file's order behind an ordinal; one more than the limit tells of a next page."""
    table = ledger_import_row
    return await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition == disposition,
            table.c.disposition != "valid",
            table.c.ordinal > after,
        )
        .order_by(table.c.ordinal)
        .limit(limit + 1)
    )


async def returned(
    tx: Transaction, import_id: UUID, *, after: int = -1, limit: int = RETURNED_AT_ONCE
) -> Sequence[Row[Any]]:
    """The next rows that are not imported behind an ordinal, in the file's order."""
    table = ledger_import_row
    return await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition.in_(("question", "refused")),
            table.c.ordinal > after,
        )
        .order_by(table.c.ordinal)
        .limit(limit)
    )


async def returned_places(tx: Transaction, import_id: UUID) -> Sequence[Row[Any]]:
    """Sheet and rows of what is not imported only because the ledger has it: its cells are in the kept copy."""
    table = ledger_import_row
    return await tx.rows(
        select(table.c.sheet, table.c.first_row, table.c.sheet_rows).where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition.in_(("question", "refused")),
            table.c.entry.is_not(None),
        )
    )


_GROUPED = (
    "with asked as (select i.value ->> 'code' as code, i.value ->> 'field' as field, coalesce(i.value ->> 'said', '') as said, "
    "r.ordinal, r.sheet, r.first_row, i.value as issue from app.ledger_import_row r "
    "cross join lateral jsonb_array_elements(r.issues) as i where r.tenant_id = :tenant and r.import_id = :import "
    "and r.disposition = 'question' and not r.pending and i.value ->> 'severity' = 'human'), "
    "grouped as (select code, field, said, count(*) as n, min(ordinal) as first, "
    "md5(concat_ws(chr(31), code, field, said)) as mark from asked group by 1, 2, 3 {page}) "
    "select g.code, g.field, g.said, g.n, g.first, g.mark, "
    "(select a.issue from asked a where a.code = g.code and a.field = g.field and a.said = g.said and a.ordinal = g.first "
    "limit 1) as issue, "
    "(select jsonb_agg(jsonb_build_array(p.sheet, p.first_row) order by p.ordinal) from (select * from asked a "
    "where a.code = g.code and a.field = g.field and a.said = g.said order by a.ordinal limit 6) p) as places "
    "from grouped g order by {order}"
)
_ASKED = text(
    _GROUPED.format(
        page="order by count(*) desc, min(ordinal), code limit :limit offset :offset",
        order="g.n desc, g.first, g.code",
    )
)
# An answer takes its group away: a page by place in the file goes on where it stopped, whatever was answered meanwhile.
_IN_ORDER = text(
    _GROUPED.format(
        page="having (min(ordinal), md5(concat_ws(chr(31), code, field, said))) > "
        "(cast(:first as integer), cast(:mark as text)) order by min(ordinal), mark limit :limit",
        order="g.first, g.mark",
    )
)


async def asked(
    tx: Transaction, import_id: UUID, *, offset: int = 0, limit: int = QUESTIONS_SHOWN
) -> Sequence[Row[Any]]:
    """What rows ask, each with how many ask it, the first one's ordinal and issue, and the first places; most rows first.

    One more than the limit tells of a next page.
    """
    return await tx.rows(_ASKED, {"tenant": tx.tenant_id, "import": import_id, "limit": limit + 1, "offset": offset})


async def asked_in_order(
    tx: Transaction, import_id: UUID, *, after: str = "", limit: int = QUESTIONS_SHOWN
) -> Sequence[Row[Any]]:
    """The same in the file's order, behind a cursor ``first~mark``; one more than the limit tells of a next page."""
    first, _, mark = after.partition("~")
    place = int(first) if first.isascii() and first.isdigit() and len(first) < 10 else -1
    return await tx.rows(
        _IN_ORDER, {"tenant": tx.tenant_id, "import": import_id, "limit": limit + 1, "first": place, "mark": mark}
    )


async def held_row(tx: Transaction, import_id: UUID, ordinal: int) -> Row[Any] | None:
    """One row that is not imported; None where there is none of the tenant's."""
    if ordinal > _LAST_ORDINAL:
        return None
    table = ledger_import_row
    return await tx.row(
        select(table).where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.ordinal == ordinal,
            table.c.disposition != "valid",
        )
    )


async def next_question(tx: Transaction, import_id: UUID, ordinal: int) -> int | None:
    """The next row that asks behind an ordinal, else the first one; None where no other asks."""
    table = ledger_import_row
    found: int | None = await tx.scalar(
        select(table.c.ordinal)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition == "question",
            table.c.ordinal != ordinal,
        )
        .order_by(table.c.ordinal < ordinal, table.c.ordinal)
        .limit(1)
    )
    return found


async def registered_rows(
    tx: Transaction, import_id: UUID, *, after: int = -1, limit: int = PAGE_SIZE
) -> Sequence[Row[Any]]:
    """Rows of the file with the achievement that each became, in the file's order behind an ordinal."""
    table = ledger_import_row
    return await tx.rows(
        select(
            table.c.ordinal, table.c.sheet, table.c.first_row, achievement.c.id, achievement.c.code, achievement.c.name,
            achievement.c.state, achievement.c.revision,
        )
        .join(achievement, (achievement.c.tenant_id == table.c.tenant_id) & (achievement.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition == "valid",
            table.c.ordinal > after,
        )
        .order_by(table.c.ordinal)
        .limit(limit + 1)
    )  # fmt: skip


async def pending_rows(tx: Transaction, import_id: UUID) -> int:
    """How many answered rows are still to be checked again."""
    table = ledger_import_row
    return int(
        await tx.scalar(
            select(func.count())
            .select_from(table)
            .where(table.c.tenant_id == tx.tenant_id, table.c.import_id == import_id, table.c.pending)
        )
    )


async def preview(tx: Transaction, import_id: UUID) -> Sequence[Row[Any]]:
    """The first rows as they would be imported."""
    table = ledger_import_row
    return await tx.rows(
        select(table.c.sheet, table.c.first_row, table.c.entry, table.c.issues)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.disposition == "valid",
        )
        .order_by(table.c.ordinal)
        .limit(_PREVIEWED)
    )


async def remembered(tx: Transaction, headings: Sequence[str]) -> Mapping[str, Mapping[str, str | None]]:
    """How columns under these headings were read when last confirmed, by heading."""
    rows = await tx.rows(
        select(import_mapping.c.heading, import_mapping.c.fields).where(
            import_mapping.c.tenant_id == tx.tenant_id, import_mapping.c.heading.in_(headings)
        )
    )
    return {row.heading: row.fields for row in rows}


async def todos(tx: Transaction) -> list[Todo]:
    """Imports that wait to be confirmed, and rows that wait for an answer."""
    rows = await tx.rows(
        select(*_LISTED)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.state.in_(_WAITING))
        .order_by(ledger_import.c.created_at.desc())
        .limit(LIST_SIZE)
    )
    found = []
    for row in rows:
        href = f"/institution/imports/{row.id}"
        if row.state == ImportState.MAPPING.value:
            why = "没有认出表头，指定表头所在的行和各列的含义后开始核对"
            title = f"指定《{row.file_name}》的表头"
            found.append(Todo("台账导入", title, why, f"{href}/header", "指定", _PERMISSION, "政策未规定期限"))
        elif row.state == ImportState.CHECKED.value:
            subtitle = f"可以导入 {row.valid} 项，待人工确认 {row.questions} 项，退回 {row.refused} 项"
            found.append(
                Todo(
                    "台账导入",
                    f"确认导入《{row.file_name}》",
                    subtitle,
                    href,
                    "确认",
                    _PERMISSION,
                    "核对已完成，确认后才写入台账",
                )
            )
        elif row.questions:
            found.append(
                Todo(
                    "待人工确认",
                    f"《{row.file_name}》有 {row.questions} 项待人工确认",
                    "逐项答复后重新核对，正确的行随即登记；同样的问题可以一次答复",
                    f"{href}/questions",
                    "答复",
                    _PERMISSION,
                    "政策未规定期限",
                )
            )
    return found


async def corrections_before(tx: Transaction, sheets: Sequence[SheetLayout]) -> dict[str, Any] | None:
    """What a person said of these headings when they were last imported, as corrections of this workbook; None for nothing."""
    headings = {rules.heading_of(sheet): sheet.name for sheet in sheets}
    rows = await tx.rows(
        select(import_mapping.c.heading, import_mapping.c.corrections).where(
            import_mapping.c.tenant_id == tx.tenant_id,
            import_mapping.c.heading.in_(headings),
            import_mapping.c.corrections.is_not(None),
        )
    )
    said = {headings[row.heading]: row.corrections for row in rows}
    columns = {name: one["columns"] for name, one in said.items() if one.get("columns")}
    units = {name: one["unit"] for name, one in said.items() if one.get("unit")}
    return {"columns": columns, "units": units} if columns or units else None


async def headers_before(tx: Transaction, headings: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What was said of headings that a person named as a header, by heading."""
    rows = await tx.rows(
        select(import_mapping.c.heading, import_mapping.c.corrections).where(
            import_mapping.c.tenant_id == tx.tenant_id,
            import_mapping.c.heading.in_(headings),
            import_mapping.c.corrections["header"].is_not(None),
        )
    )
    return {row.heading: row.corrections for row in rows if row.corrections and row.corrections.get("header")}
