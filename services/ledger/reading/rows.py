"""The rows below a header: which belong together as one achievement, and which are no achievement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.sections import Sections
from services.ledger.reading.text import cell_text, compact, tidy_name
from services.ledger.reading.vocabulary import EXAMPLE
from shared.documents.workbook import CellValue, Sheet, column_letter

_TOTALS: Final = frozenset({"合计", "总计", "共计", "总和", "总数", "合计金额"})
_SUBTOTALS: Final = frozenset({"小计", "本页小计", "分计", "部门小计", "本页合计"})
_TOTAL = re.compile(
    r"(?:本页|全部|以上|本年度?|全年|年度|截至目前|历年|\d{4}年度?|[一二三四1-4]季度|上半年|下半年|本月|全校|全院|全所|单位)?"
    r"(?:合计|总计|共计|累计|总和)(?:\([^()]{1,12}\))?:?(?:\d+(?:\.\d+)?(?:项|个|件|条|万元|亿元|元)?)?"
)
_SIGNED = (
    r"(?:填[表报]人|制表人|审[核批]人|复核人|经办人|编制人|校对人|(?:单位|部门|项目|科研(?:管理)?(?:部门|处))负责人)"
)
# What stands below a ledger without a colon: who signed, seals, page numbers, who made it; each cell of the row is such.
_FOOTER_CELL = re.compile(
    rf"{_SIGNED}(?:\([^()]{{1,8}}\))?[:：]?.{{0,8}}|(?:单位|部门|学校)?\(?(?:公章|盖章|签章|签字|印章)\)?[:：]?"
    r"|第\d+页[,，]?(?:共\d+页)?|\d+/\d+|\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?|.{2,12}(?:处|部|办公室|办|院|中心|科)(?:编?制|填报|印制)"
)
_FIGURE = re.compile(r"[\d,.]+(?:项|个|件|条|万元|亿元|元)?")
_NOTE = re.compile(
    r"[(（]?(?:以下(?:空白|无正文|为空)|此表|本表)|(?:注|备注|说明|附注|填表说明|提示|特别说明)\s*[:：\d一]|以下|以上|上述|[※*★]"
)
_FOOTER = re.compile(
    r"(?:单位负责人|部门负责人|负责人|填表人|填报人|制表人?|审核人?|填报时间|填报日期|填表时间|填表日期|制表时间|制表日期"
    r"|联系人(?:及?(?:联系)?(?:电话|方式))?|联系电话|电话|经办人|科研管理部门(?:负责人)?|主管领导|分管领导|填报单位|单位[(（]?(?:盖章|公章)[)）]?|盖章|签字|日期)\s*(?:[(（][^()（）]{1,8}[)）])?\s*[:：]"
)
_HEADING = re.compile(
    r"[(（]?[一二三四五六七八九十百]+[)）、.．]|第[一二三四五六七八九十]+(?:部分|[章节类批])|[IVXⅠ-Ⅻ]+[.、．]|\d+[、.．](?!\d)"
)
# A row with few filled cells or a short first text is looked at twice before it counts as an achievement.
_FEW: Final = 4
_SHORT: Final = 12


class Group(msgspec.Struct, frozen=True, gc=False):
    """The rows of one achievement with their numbers, each row with an empty cell appended."""

    rows: list[tuple[int, list[CellValue]]]
    merged_total: bool = False
    shared_amount: bool = False


class Other(msgspec.Struct, frozen=True, gc=False):
    """A row that is no achievement, and its kind."""

    row: int
    kind: str


class StrayCell(msgspec.Struct, frozen=True, gc=False):
    """A cell below the last filled row that holds blanks only."""

    row: int
    column: int


class RowGrouper:
    """Walks over the rows of one sheet in order."""

    def __init__(
        self,
        sheet: Sheet,
        layout: SheetLayout,
        secret_rows: Mapping[int, bool],
        moved: Callable[[int, Mapping[int, int]], None] | None = None,
    ) -> None:
        """`secret_rows`: rows that nothing is read of, each with whether it is an achievement; `moved` is told of every row
        whose cells stand elsewhere, below a further header.
        """
        self._sections = Sections(layout)
        self._moved = moved
        self._secret_rows = secret_rows
        self._sheet = sheet
        self._layout = layout
        self._first_column = sheet.first_column
        name = layout.column_of("name")
        sequence = layout.column_of("sequence")
        value = layout.column_of("value")
        self._name = name.index - sheet.first_column if name else 0
        self._sequence = sequence.index - sheet.first_column if sequence else None
        self._name_column = name.index if name else 0
        self._value_column = value.index if value else 0
        self._headers = {
            column.index - sheet.first_column: (compact(column.header), compact(column.group or column.header))
            for column in layout.columns
            if column.header
        }
        self._blocks: dict[int, int] = {}
        self._totals: set[int] = set()
        self._wide: set[int] = set()
        self._fill: dict[int, list[tuple[int, int]]] = {}
        self._shared: set[int] = set()
        self._read_merges()

    def _read_merges(self) -> None:
        first = self._layout.first_row
        vertical = []
        for top, left, bottom, right in self._sheet.merges:
            if top < first:
                continue
            if top == bottom:
                if right - left >= 2:
                    self._wide.add(top)
            elif left <= self._name_column <= right:
                self._blocks[top] = bottom
            else:
                vertical.append((top, left, bottom, right))
        members = {row for top, bottom in self._blocks.items() for row in range(top, bottom + 1)}
        for top, left, bottom, _ in vertical:
            if self._blocks.get(top, 0) >= bottom:
                if left == self._value_column and self._blocks[top] == bottom:
                    self._totals.add(top)
                continue
            if top in members and bottom in members and top not in self._blocks:
                continue
            # A cell merged over several achievements counts for each; an amount for none without asking.
            if left == self._value_column:
                self._shared.update(range(top, bottom + 1))
            else:
                for row in range(top + 1, bottom + 1):
                    self._fill.setdefault(row, []).append((top, left - self._first_column))

    def walk(self) -> Iterator[Group | Other | StrayCell]:
        """Groups and other rows in order; blank rows after the last filled one are not mentioned."""
        blanks: list[int] = []
        last_filled = 0
        for item in self._items():
            if isinstance(item, Other) and item.kind == "blank":
                blanks.append(item.row)
                continue
            if blanks:
                yield from (Other(blank, "blank") for blank in blanks)
                blanks.clear()
            last_filled = item.row if isinstance(item, Other) else item.rows[-1][0]
            yield item
        last = self._sheet.marks.last_cell
        if last and last[0] > last_filled:
            yield StrayCell(*last)

    def _items(self) -> Iterator[Group | Other]:
        block: list[tuple[int, list[CellValue]]] = []
        block_end = 0
        merged: dict[int, list[CellValue]] = {}
        first, name, blocks, secrets = self._layout.first_row, self._name, self._blocks, self._secret_rows
        sequence = -1 if self._sequence is None else self._sequence
        for number, row in enumerate(self._rows(), start=1):
            if number < first:
                continue
            if self._fill:
                self._fill_from_above(number, row, merged)
            if self._sections.current is not None and number not in secrets:
                kind = self._further_kind(number, row)
                if kind:
                    yield Other(number, kind)
                    continue
                row = self._in_place(number, row)
            row.append("")
            if block_end or number in blocks:
                block_end = block_end or blocks[number]
                block.append((number, row))
                if number == block_end:
                    yield from self._block(block)
                    block, block_end = [], 0
                continue
            cell = row[name]
            if number in secrets:
                # Its place alone counts, so that the kept copy, where the row is empty, reads the same.
                kind = None if secrets[number] else "blank"
            elif row[sequence] == EXAMPLE:
                kind = "example"
            elif len(row) - row.count("") <= _FEW or not cell or not isinstance(cell, str) or len(cell) <= _SHORT:
                kind = self._kind(number, row)
            else:
                kind = None
            yield Other(number, kind) if kind else Group([(number, row)], False, number in self._shared)
        if block:
            yield from self._block(block)

    def _block(self, block: list[tuple[int, list[CellValue]]]) -> Iterator[Group | Other]:
        empty = all(cell == "" for _, row in block for offset, cell in enumerate(row) if offset != self._sequence)
        if empty and not any(number in self._secret_rows for number, _ in block):
            yield from (Other(number, "blank") for number, _ in block)
        else:
            top = block[0][0]
            yield Group(block, top in self._totals, top in self._shared)

    def _rows(self) -> Iterator[list[CellValue]]:
        yield from self._sheet.rows()
        width = self._sheet.last_column - self._sheet.first_column + 1
        for _ in range(self._sheet.last_row, max(self._secret_rows, default=0)):
            yield [""] * width

    def _further_kind(self, number: int, row: list[CellValue]) -> str | None:
        """The kind of a row below a further header, where it is no achievement: told by the cells as they stand."""
        if self._sections.begins(row):
            return "repeated_header"
        if len(row) - row.count("") > _FEW:
            return None
        kind = self._kind(number, [*row, ""])
        return kind if kind != "section_heading" or number in self._wide else None

    def _in_place(self, number: int, row: list[CellValue]) -> list[CellValue]:
        """The row with its cells where the sheet's first header has them."""
        if self._moved is not None and self._sections.current is not None:
            self._moved(number, self._sections.current.targets)
        return self._sections.moved(row)

    def _fill_from_above(self, number: int, row: list[CellValue], merged: dict[int, list[CellValue]]) -> None:
        for top, offset in self._fill.get(number, ()):
            source = merged.get(top)
            if source is not None and top not in self._secret_rows and row[offset] == "" and any(row):
                row[offset] = source[offset]
        if self._fill:
            merged[number] = row
            merged.pop(number - 5_000, None)

    def _kind(self, number: int, row: Sequence[CellValue]) -> str | None:
        texts = [
            (offset, text)
            for offset, cell in enumerate(row)
            if cell != "" and (text := tidy_name(cell_text(cell)).strip())
        ]
        significant = [text for offset, text in texts if offset != self._sequence or not _is_count(text)]
        if not significant:
            return "blank"
        first = significant[0]
        key = compact(first).rstrip(":")
        if key in _TOTALS or _TOTAL.fullmatch(key):
            return "total"
        if key in _SUBTOTALS or (
            key.endswith("小计") and (not row[self._name] or all(map(_is_figure, significant[1:])))
        ):
            return "subtotal"
        same = self._repeated(texts)
        if same == len(texts) >= 2:
            self._sections.current = None
            return "repeated_header"
        if self._sections.begins(row) or same * 2 >= max(len(texts), 4) or _counts_columns(row):
            return "repeated_header"
        if _FOOTER.match(first) or all(_FOOTER_CELL.fullmatch(compact(text)) for text in significant):
            return "footer"
        if len(texts) > 1:
            return None
        return self._lone(number, texts[0][0], first)

    def _lone(self, number: int, offset: int, text: str) -> str | None:
        """The kind of a row with a single filled cell; one in the name column may be an achievement."""
        if _NOTE.match(text):
            return "note"
        if number in self._wide or _HEADING.match(text) or offset != self._name:
            return "section_heading"
        return None

    def _repeated(self, texts: Sequence[tuple[int, str]]) -> int:
        """How many of the texts say what the header says at their place, in its lower or its upper row."""
        return sum(compact(text) in self._headers.get(offset, ()) for offset, text in texts)


def _counts_columns(row: Sequence[CellValue]) -> bool:
    """A row of the column numbers, as forms have it below the header: 1, 2, 3 …, with nothing else."""
    numbers = [cell_text(cell).strip("()（） ") for cell in row if cell != ""]
    return len(numbers) >= 3 and numbers == [str(place) for place in range(1, len(numbers) + 1)]


def _is_figure(text: str) -> bool:
    return _FIGURE.fullmatch(compact(text)) is not None


def _is_count(text: str) -> bool:
    return text.isdigit()


def cell_name(cell: StrayCell) -> str:
    """Its name in Excel: I1200."""
    return f"{column_letter(cell.column)}{cell.row}"
