"""Where words stand: every text of every table of a tenant, as the metadata declares them, found, replaced or emptied.

A table that a slice adds is searched without a word here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, Row, String, Table, Text, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from shared.audit.tables import audit_entry
from shared.db.records import decision, workflow_event
from shared.db.tables import metadata
from shared.db.transaction import Transaction

MARK = "（已清除）"
# The values themselves and what is made of them; the chain; keys and headings that name nobody.
_NOT_SEARCHED = frozenset(
    {"person", "account", "erasure_order", "audit_checkpoint", "idempotency_key", "import_mapping", "ledger_total"}
)
_SHORT = 48  # a shorter column holds a code, a number or a state
# What stands in structured values without saying anything: codes, ids, days, hashes.
_CODE = re.compile(
    r"[a-z][a-z0-9_.]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9a-f]{64}|"
)
_LABELS = {
    "achievement": "台账",
    "achievement_version": "台账的各个版本",
    "annual_report": "年度报告",
    "audit_entry": "操作日志",
    "conversion_record": "转化记录",
    "conversion_record_version": "转化记录的各个版本",
    "decision": "规则判断的依据",
    "disclosure": "成果披露",
    "disclosure_return": "披露的退回理由",
    "disclosure_statement": "披露历次提交的内容",
    "empowerment_agreement": "赋权协议",
    "empowerment_application": "赋权申请",
    "empowerment_feasibility": "可行性分析",
    "import_answer": "导入台账的答复",
    "ledger_import_row": "导入台账的行",
    "ledger_paper": "佐证材料",
    "mail": "邮件",
    "message": "站内消息",
    "notice_objection": "公示异议",
    "notice_text": "公示正文",
    "report_part": "年度报告的文字",
    "report_submission": "报送的年度报告",
    "workflow_event": "办理记录",
}
_CASES = ((workflow_event, "case_id"), (decision, "case_id"), (audit_entry, "object_id"))


@dataclass(frozen=True, slots=True)
class Found:
    """A row that says what is looked for, or hangs on what is erased."""

    table: Table
    row: Row[Any]

    @property
    def key(self) -> str:
        """The row's primary key without the tenant, as one text."""
        names = [column.name for column in self.table.primary_key if column.name != "tenant_id"]
        return "|".join(str(self.row._mapping[name]) for name in names)

    @property
    def place(self) -> str:
        """Where it stands, as a form and an order name it."""
        return f"{self.table.name}|{self.key}"

    @property
    def label(self) -> str:
        """What a person calls the place."""
        return _LABELS.get(self.table.name, "其他记录")

    def excerpts(self, words: Sequence[str], around: int = 20) -> list[str]:
        """What stands around the words, for a person to judge."""
        texts = [one for column in columns_of(self.table) for one in texts_in(self.row._mapping[column.name])]
        found = []
        for said in texts:
            at = min((place for word in words if (place := said.find(word)) >= 0), default=-1)
            if at >= 0:
                found.append(f"{'…' if at > around else ''}{said[max(0, at - around) : at + around + 20]}")
        return found


def tables() -> Iterator[Table]:
    """The tables of a tenant that hold text, by name."""
    for table in sorted(metadata.tables.values(), key=lambda one: one.name):
        if table.info["scope"] == "tenant" and table.name not in _NOT_SEARCHED and columns_of(table):
            yield table


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns in which somebody's words may stand."""
    return [
        column
        for column in table.columns
        if column.computed is None
        and not column.primary_key
        and not column.name.endswith(("hash", "sha256"))
        and _holds_words(column.type)
    ]


def _holds_words(kind: Any) -> bool:
    if isinstance(kind, (JSONB, ARRAY)):
        return isinstance(kind, JSONB) or isinstance(kind.item_type, String)
    return isinstance(kind, String) and (kind.length is None or kind.length >= _SHORT)


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts_in(one)


async def readable(tx: Transaction) -> list[Table]:
    """Those of the tables that whoever acts may read; the rest is seen when the order is carried out."""
    asked = select(*(func.has_table_privilege(f"app.{one.name}", "select").label(one.name) for one in tables()))
    may = await tx.row(asked)
    assert may is not None
    return [one for one in tables() if may._mapping[one.name]]


async def saying(tx: Transaction, table: Table, words: Sequence[str], limit: int | None = None) -> list[Found]:
    """The rows of the tenant that say one of the words."""
    said: list[ColumnElement[bool]] = []
    for column in columns_of(table):
        written = [json.dumps(one, ensure_ascii=False)[1:-1] for one in words] if _structured(column) else words
        said += [func.strpos(cast(column, Text), one) > 0 for one in written]
    rows = await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id, or_(*said)).limit(limit))
    return [Found(table, row) for row in rows]


def _structured(column: Column[Any]) -> bool:
    return isinstance(column.type, (JSONB, ARRAY))


async def hanging_on(tx: Transaction, table: Table, row_id: UUID) -> list[Found]:
    """The row itself, every row that names it by a foreign key, whatever hangs on those, and what the streams say of them."""
    ids: dict[str, set[UUID]] = {table.name: {row_id}}
    found: dict[tuple[str, str], Found] = {}
    grown = True
    while grown:
        before = len(found)
        for one in tables():
            for column in _references(one, ids):
                named = ids[column[1]]
                for row in await tx.rows(select(one).where(one.c.tenant_id == tx.tenant_id, column[0].in_(named))):
                    hit = Found(one, row)
                    found[one.name, hit.key] = hit
                    if "id" in one.c:
                        ids.setdefault(one.name, set()).add(row.id)
        grown = len(found) > before
    cases = set[UUID]().union(*ids.values())
    for stream, name in _CASES:
        for row in await tx.rows(select(stream).where(stream.c.tenant_id == tx.tenant_id, stream.c[name].in_(cases))):
            hit = Found(stream, row)
            found[stream.name, hit.key] = hit
    return list(found.values())


def _references(table: Table, ids: Mapping[str, set[UUID]]) -> list[tuple[Column[Any], str]]:
    """(column, name of the table whose ids it holds); without a foreign key where the column's name says it."""
    own = [(table.c.id, table.name)] if table.name in ids and "id" in table.c else []
    for key in table.foreign_keys:
        if key.column.name == "id" and key.column.table.name in ids:
            own.append((key.parent, key.column.table.name))
    if "achievement_id" in table.c and "achievement" in ids:
        own.append((table.c.achievement_id, "achievement"))
    return own


def without(words: Sequence[str]) -> Callable[[str], str]:
    """A text with the mark where it said one of the words."""

    def cleaned(said: str) -> str:
        for word in words:
            said = said.replace(word, MARK)
        return said

    return cleaned


def emptied(said: str) -> str:
    """A code stays, anything else that somebody wrote does not."""
    return said if _CODE.fullmatch(said) or said == MARK else MARK


async def rewrite(tx: Transaction, found: Found, change: Callable[[str], str], *, empty: bool = False) -> bool:
    """Write a row anew with every text changed; ``empty`` leaves the mark alone of free text, and lists without anything."""
    values: dict[str, Any] = {}
    for column in columns_of(found.table):
        before = found.row._mapping[column.name]
        if before is None:
            continue
        after: Any
        if empty and isinstance(column.type, ARRAY):
            after = None if column.nullable else []
        elif empty and isinstance(column.type, Text):
            after = MARK
        else:
            after = _changed(before, change)
        if isinstance(after, str) and isinstance(column.type, String) and column.type.length:
            after = after[: column.type.length]
        if after != before:
            values[column.name] = after
    if values:
        same = [found.table.c[column.name] == found.row._mapping[column.name] for column in found.table.primary_key]
        await tx.execute(update(found.table).where(*same).values(**values))
    return bool(values)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _changed(one, change) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_changed(one, change) for one in value]
    return value
