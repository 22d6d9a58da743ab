"""The rows that were not imported, back to the clerk: his own columns, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from services.ledger.reading.layout import Layout, SheetLayout
from services.ledger.reading.reasons import reasons_of
from services.ledger.reading.records import Record
from services.ledger.reading.vocabulary import ERROR_REASON, ORIGINAL_ROW
from shared.documents.workbook import CellValue, Merge
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook

_WIDTHS: Final = {"name": 40.0, "completers": 24.0, "remark": 24.0, "sequence": 7.0}


def returned_rows(layout: Layout, records: Iterable[Record]) -> bytes:
    """An xlsx of the records given (held or refused), sheet by sheet in the clerk's columns with 错误原因.

    It can be corrected and uploaded as it is. Of classified and suspected rows it has sheet and row number only.
    `records` must be ordered by sheet; they are written as they come.
    """
    layouts = {sheet.name: sheet for sheet in layout.sheets}
    sheets = (_sheet(layouts[name], rows) for name, rows in groupby(records, key=lambda record: record.sheet))
    return write_workbook(_at_least_one(sheets))


def _at_least_one(sheets: Iterator[WrittenSheet]) -> Iterator[WrittenSheet]:
    empty = True
    for sheet in sheets:
        empty = False
        yield sheet
    if empty:
        yield WrittenSheet("没有退回的行", [(1, ["全部行均可导入"])])


def _sheet(layout: SheetLayout, records: Iterable[Record]) -> WrittenSheet:
    merges: list[Merge] = []
    widths = [_WIDTHS.get(column.field or "", 14.0) for column in layout.columns]
    return WrittenSheet(
        name=layout.name,
        # The merges of a sheet are known once its rows have been written, which is when they are asked for.
        rows=_rows(layout, records, merges),
        merges=merges,
        widths=[*widths, 10.0, 60.0],
        frozen_rows=1,
        neutralise=True,
    )


def _rows(layout: SheetLayout, records: Iterable[Record], merges: list[Merge]) -> Iterator[WrittenRow]:
    header = [_header(layout, position) for position in range(len(layout.columns))]
    yield 1, [Styled(text, Style.HEADER) for text in (*header, ORIGINAL_ROW, ERROR_REASON)]
    number = 2
    for record in records:
        reason = Styled(reasons_of(record), Style.REASON)
        if record.secret:
            blank: list[CellValue | Styled | None] = [None] * len(layout.columns)
            yield number, [*blank, record.row, reason]
            number += 1
            continue
        merges.extend(_merges(layout, record, number))
        for position, raw in enumerate(record.raw):
            cells = [raw[column.index - layout.first_column] for column in layout.columns]
            told = (record.rows[position], reason if position == 0 else None)
            yield number, [*cells, *told]
            number += 1


def _header(layout: SheetLayout, position: int) -> str:
    column = layout.columns[position]
    if column.field == "value" and column.unit is None and layout.amount_unit:
        return f"{column.header}（{layout.amount_unit}）"
    return column.header


def _merges(layout: SheetLayout, record: Record, first: int) -> Iterator[Merge]:
    """A block stays a block: the name is merged over its rows, the amount too where it was one total."""
    last = first + len(record.rows) - 1
    if last == first:
        return
    for position, column in enumerate(layout.columns, start=1):
        if column.field == "name" or (column.field == "value" and record.merged_total):
            yield first, position, last, position
