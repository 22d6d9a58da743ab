"""The search for classified content, over all sheets, before anything of a workbook is kept.

Two findings: a row whose 密级 says 秘密, 机密 or 绝密 is classified; a row whose text says of itself that it is 涉密 is
suspected. Of either only sheet and row number may leave this module. (rule 21; 保密法)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from services.ledger.reading.columns import HEAD_ROWS, Column, field_of_header
from services.ledger.reading.layout import Layout, SheetLayout
from services.ledger.reading.records import CLASSIFIED, SUSPECTED
from services.ledger.reading.sections import Sections
from services.ledger.reading.text import cell_text, compact, identity_key
from services.ledger.reading.vocabulary import (
    HEADERS,
    INTERNAL_SECRECY,
    OPEN_SECRECY,
    YES_NO_SECRECY_HEADERS,
)
from shared.documents.workbook import CellValue, Sheet, Workbook

Level = Literal["open", "internal", "classified", "unknown"]

_ANY_MARK = re.compile("涉\\s*密|秘\\s*密|机\\s*密|绝\\s*密|密\\s*级|[★☆]|涉及")
_GRADES = re.compile("绝密|机密|秘密")
# What contains 秘密 and is no grade of state secrecy.
_NO_GRADE = re.compile("非秘密|不属于?(?:国家)?秘密|(?:商业|技术|工作)秘密|个人秘密")
_STARRED = re.compile(r"(?:绝密|机密|秘密)级?[★☆*]")
_BARE = re.compile(r"[(\[【]?(?:绝密|机密|秘密)级?(?:[★☆*].*)?[)\]】]?")
_PARENTHESISED = re.compile(r"[(\[【<《](?:绝密|机密|秘密)级?[)\]】>》]")
_STATED = re.compile(r"(?:密级|定密)(?:为|是|[:：])*(?:绝密|机密|秘密)")
_NEGATED = re.compile(
    r"(?:不|未|非|无|没有|并未|均不|不存在|未发现|不含|不得)(?:有|属于?|含有?|涉及?|包含|存在|构成)*"
    r"(?:涉密|国家秘密|秘密|密级|涉及(?:国家)?秘密)(?:内容|信息|事项|成果|情况|问题)?"
    r"|不涉及?(?:国家)?(?:秘密|机密|绝密)|涉密(?:性)?(?:审查|检查|筛查|排查|审核)|脱密|解密审查|(?:商业|技术|工作)秘密"
    r"|涉密与否|是否涉密|涉密(?:成果|内容|信息|项目|事项)?(?:不得|不应|不予|未列|另行|除外|请勿|不填|不列|均未|禁止)"
)
_SUSPECT = re.compile(
    r"涉密|涉及(?:国家|军工|军事|国防)?(?:秘密|机密|绝密)|国家秘密|属于?(?:秘密|机密|绝密)|(?:秘密|机密|绝密)级"
)
_LIKELY_NAME: Final = 8
_HEADINGS: Final = frozenset(word for word, field in HEADERS.items() if field == "secrecy")
_ORGANISED = re.compile("(?:公司|大学|学院|研究院|研究所|实验室|中心|集团|医院|学校|部|处|系|所|院|厂)$")
# Columns in which 涉密 is a subject, not a statement about the row.
_SUBJECT_FIELDS: Final = frozenset({"name", "completers", "co_completers", "counterparty", "department"})


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A row that must not be kept: which column gave it away, by letter and field name; whether it is a record."""

    code: str
    column: str
    field: str
    record: bool = True


class Secrets(msgspec.Struct, frozen=True):
    """The findings by sheet index and row; holds no text."""

    findings: dict[int, dict[int, Finding]]

    def of_sheet(self, index: int) -> dict[int, Finding]:
        """The findings of one sheet by row."""
        return self.findings.get(index, {})

    def __bool__(self) -> bool:
        return any(self.findings.values())


def level_of(text: str, *, asks: bool = False) -> Level:
    """What a cell of a 密级 column says; `asks`: the header is 是否涉密."""
    key = compact(text)
    if asks and key in ("是", "有", "涉"):
        return "classified"
    if key in OPEN_SECRECY:
        return "open"
    if key in INTERNAL_SECRECY:
        return "internal"
    if _GRADES.search(_NO_GRADE.sub("", key)) or "★" in key or "☆" in key:
        return "classified"
    if _SUSPECT.search(_NEGATED.sub("", key)):
        return "classified"
    return "open" if _NEGATED.fullmatch(key) else "unknown"


def says_secret(text: str) -> str | None:
    """Whether a text outside the 密级 column marks its row: classified, suspected, or not at all."""
    key = compact(text)
    if _BARE.fullmatch(key) or _STARRED.search(key):
        return CLASSIFIED
    if _PARENTHESISED.search(key) or _STATED.search(key):
        return SUSPECTED
    return SUSPECTED if _SUSPECT.search(_NEGATED.sub("", key)) else None


def mentions_grade(text: str) -> str | None:
    """Like `says_secret` for a column where 涉密 may be the subject: only a written grade counts."""
    key = compact(text)
    if _BARE.fullmatch(key) or _STARRED.search(key):
        return CLASSIFIED
    return SUSPECTED if _PARENTHESISED.search(key) or _STATED.search(key) else None


def marks_secret(field: str | None, text: str, *, asks: bool = False) -> bool:
    """Whether a text typed for a field would make its row classified or suspected; nothing of it may then be kept."""
    if field == "secrecy":
        return level_of(text, asks=asks) == "classified"
    return (mentions_grade(text) if field in _SUBJECT_FIELDS else says_secret(text)) is not None


def find_secrets(workbook: Workbook, layout: Layout) -> Secrets:
    """Search every sheet, hidden ones too; rows that repeat a classified row's name are suspected with it.

    Where no sheet is known to be a ledger yet, any may turn out to be one: each is searched like one, every cell of it.
    """
    findings: dict[int, dict[int, Finding]] = {}
    names: set[str] = set()
    for sheet, sheet_layout in zip(workbook.sheets, layout.sheets, strict=True):
        found = _search(sheet, sheet_layout, known=layout.known)
        if found:
            findings[sheet.index] = found
            names |= _names(sheet, sheet_layout, found) if layout.known else _likely_names(sheet, found)
    if names:
        for sheet, sheet_layout in zip(workbook.sheets, layout.sheets, strict=True):
            repeated = _repetitions(sheet, sheet_layout, names, known=layout.known)
            if repeated:
                findings[sheet.index] = repeated | findings.get(sheet.index, {})
    for sheet, sheet_layout in zip(workbook.sheets, layout.sheets, strict=True):
        if sheet.index in findings:
            findings[sheet.index] = _with_blocks(sheet, sheet_layout, findings[sheet.index], known=layout.known)
    return Secrets(findings)


def _search(sheet: Sheet, layout: SheetLayout, *, known: bool) -> dict[int, Finding]:
    first, headed = _columns(sheet, layout), bool(layout.columns)
    columns, sections = first, Sections(layout)
    asked = any(column.field == "secrecy" and column.asks for column in columns.values())
    found: dict[int, Finding] = {}
    levels: set[str] = set()
    for number, row in enumerate(sheet.rows(), start=1):
        if number < layout.first_row:
            continue
        text = "\x1f".join([cell for cell in row if cell.__class__ is str])
        if headed and sections.begins(row):
            # What stands below a further header has its columns, below the first one repeated those that a person named.
            columns = {column.index: _by_heading(column) for column in sections.heading}
            if sections.current is None:
                columns |= {index: column for index, column in first.items() if column.field or index not in columns}
            asked = any(column.field == "secrecy" and column.asks for column in columns.values())
            continue
        if not asked and _ANY_MARK.search(text) is None:
            continue
        finding = _judge(row, sheet.first_column, columns, plain=known and not headed, headed=headed)
        if finding:
            is_record = (headed or not known) and len(row) - row.count("") > 1
            found[number] = msgspec.structs.replace(finding, record=is_record)
            levels.update(compact(cell) for cell in row if isinstance(cell, str) and _GRADES.search(cell))
    # A list of the levels to choose from (公开, 内部, 秘密 …) holds each once and no ledger header.
    if (
        known
        and not layout.columns
        and len(found) <= 3
        and len(levels) == len(found)
        and levels <= {"秘密", "机密", "绝密"}
    ):
        return {}
    return found


def _columns(sheet: Sheet, layout: SheetLayout) -> dict[int, Column]:
    if layout.columns:
        return {column.index: _by_heading(column) for column in layout.columns}
    # Without a ledger's header a 密级 heading may still stand over a column.
    for number, row in enumerate(sheet.rows(), start=1):
        for offset, cell in enumerate(row):
            if isinstance(cell, str) and field_of_header(cell) == "secrecy":
                index = sheet.first_column + offset
                asks = compact(cell) in YES_NO_SECRECY_HEADERS
                return {index: Column(index, cell.strip(), field="secrecy", asks=asks)}
        if number >= HEAD_ROWS:
            break
    return {}


def _by_heading(column: Column) -> Column:
    """The column; one whose heading speaks of 密级 counts as such beside another one that took the field."""
    if column.field is None and field_of_header(column.header) == "secrecy":
        asks = re.search("是否|与否|有无", column.header) is not None
        return msgspec.structs.replace(column, field="secrecy", asks=asks)
    return column


def _judge(
    row: Sequence[CellValue], first_column: int, columns: dict[int, Column], *, plain: bool, headed: bool
) -> Finding | None:
    suspected: Finding | None = None
    for offset, cell in enumerate(row):
        if not isinstance(cell, str) or not cell:
            continue
        index = first_column + offset
        column = columns.get(index) or Column(index, "")
        if not headed and compact(cell) in _HEADINGS:
            continue  # it says what its column is about
        if column.field == "secrecy":
            code = CLASSIFIED if level_of(cell, asks=column.asks) == "classified" else None
        elif column.field in _SUBJECT_FIELDS or plain:
            code = mentions_grade(cell)
        else:
            code = says_secret(cell)
        if code == CLASSIFIED:
            return Finding(CLASSIFIED, column.letter, column.label or "密级")
        if code == SUSPECTED and suspected is None:
            suspected = Finding(SUSPECTED, column.letter, column.label or "备注")
    return suspected


def _names(sheet: Sheet, layout: SheetLayout, found: dict[int, Finding]) -> set[str]:
    column = layout.column_of("name")
    names: set[str] = set()
    sections = Sections(layout)
    for number, line in _data(sheet, layout):
        row = line if sections.begins(line) else sections.moved(line)
        if column is not None and number in found:
            key = identity_key(cell_text(row[column.index - sheet.first_column]))
            # A shorter name may be an ordinary word.
            if len(key) >= 4:
                names.add(key)
    return names


def _likely_names(sheet: Sheet, found: dict[int, Finding]) -> set[str]:
    """What in found rows may be a name, where no column is known: long texts that name no organisation."""
    names: set[str] = set()
    for number, row in enumerate(sheet.rows(), start=1):
        if number in found:
            keys = (identity_key(cell) for cell in row if isinstance(cell, str) and len(cell) >= _LIKELY_NAME)
            names.update(key for key in keys if len(key) >= _LIKELY_NAME and not _ORGANISED.search(key))
    return names


def _repetitions(sheet: Sheet, layout: SheetLayout, names: set[str], *, known: bool) -> dict[int, Finding]:
    found: dict[int, Finding] = {}
    for number, row in _data(sheet, layout):
        for offset, cell in enumerate(row):
            if isinstance(cell, str) and len(cell) >= 4 and identity_key(cell) in names:
                column = Column(sheet.first_column + offset, "")
                is_record = (bool(layout.columns) or not known) and len(row) - row.count("") > 1
                found[number] = Finding(SUSPECTED, column.letter, "成果名称", is_record)
                break
    return found


def _data(sheet: Sheet, layout: SheetLayout) -> Iterator[tuple[int, list[CellValue]]]:
    for number, row in enumerate(sheet.rows(), start=1):
        if number >= layout.first_row:
            yield number, row


def _with_blocks(sheet: Sheet, layout: SheetLayout, found: dict[int, Finding], *, known: bool) -> dict[int, Finding]:
    """A mark counts for the whole block of rows that share a merged cell with the marked one."""
    result = dict(found)
    for top, _, bottom, _ in sheet.merges:
        if top == bottom or top < layout.first_row:
            continue
        finding = next((found[row] for row in range(top, bottom + 1) if row in found), None)
        column = layout.column_of("name")
        if finding and (column is None or _in_name_block(sheet, column, top, bottom)):
            for row in range(top, bottom + 1):
                result[row] = msgspec.structs.replace(finding, record=bool(layout.columns) or not known)
    return result


def _in_name_block(sheet: Sheet, column: Column, top: int, bottom: int) -> bool:
    return any(
        first <= top and bottom <= last and left <= column.index <= right for first, left, last, right in sheet.merges
    )
