"""The value of a row: its amount cell, or those of the sub-rows of a block, judged by the conversion status."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from services.ledger.reading.amounts import EMPTY, Amount, amount_of_number, amount_of_text
from services.ledger.reading.cells import ERROR, FORMULA, FORMULA_WITHOUT_VALUE, SheetCells
from services.ledger.reading.records import REFUSING, Record
from services.ledger.reading.vocabulary import CONVERTED
from shared.documents.workbook import CellValue

Rows = Sequence[tuple[int, list[CellValue]]]
_UNITS_THAT_DIFFER = frozenset({"元", "万元"})
_ERROR = Amount(code="amount_error_value")
_NO_STORED_VALUE = Amount(code="amount_formula_no_value")
_NOT_AN_AMOUNT = Amount(code="amount_no_number")


class MoneyReader:
    """Reads amounts of one sheet; texts that return often are read once."""

    def __init__(self, cells: SheetCells) -> None:
        self._cells = cells
        self._value = cells.at("value")
        self._assessed = cells.at("assessed")
        self._units = {
            column.field: column.unit or cells.layout.amount_unit
            for column in cells.layout.columns
            if column.field in ("value", "assessed")
        }
        self._texts: dict[tuple[str, str | None], Amount] = {}

    def amount(self, number: int, row: Sequence[CellValue], field: str = "value") -> Amount:
        """The amount of a row's cell; `number` is the row's."""
        offset = self._value if field == "value" else self._assessed
        mark = self._cells.marked.get(number, {}).get(offset) if self._cells.marked else None
        if mark == ERROR:
            return _ERROR
        cell = row[offset]
        if mark == FORMULA_WITHOUT_VALUE and cell == "":
            return _NO_STORED_VALUE
        unit = self._units.get(field)
        if cell.__class__ is float:
            return amount_of_number(cell, unit)
        if isinstance(cell, str):
            return self._of_text(cell, unit) if cell else EMPTY
        if isinstance(cell, int) and not isinstance(cell, bool):
            return amount_of_number(cell, unit)
        return _NOT_AN_AMOUNT

    def _of_text(self, text: str, unit: str | None) -> Amount:
        known = self._texts.get((text, unit))
        if known is None:
            if len(self._texts) > 5_000:
                self._texts.clear()
            known = self._texts[(text, unit)] = amount_of_text(text, unit)
        return known

    def read(self, record: Record, rows: Rows, *, merged_total: bool) -> list[Decimal | None]:
        """Set the record's value and say what is doubtful; gives the amounts of the single rows."""
        if len(rows) > 1 and not merged_total:
            return self._read_block(record, rows)
        number, row = rows[0]
        field = "value"
        amount = self.amount(number, row)
        if amount is EMPTY and self._cells.has("assessed") and record.status != CONVERTED:
            field = "assessed"
            amount = self.amount(number, row, field)
        record.value = self._judge(record, amount, field)
        self._note_formula(record, number, field)
        record.merged_total = merged_total and len(rows) > 1
        return [record.value] if len(rows) == 1 else [None] * len(rows)

    def _read_block(self, record: Record, rows: Rows) -> list[Decimal | None]:
        values = []
        for number, row in rows:
            values.append(self._judge(record, self.amount(number, row), "value"))
            self._note_formula(record, number, "value")
        known = [value for value in values if value is not None]
        if known and (len(known) == len(values) or record.status != CONVERTED):
            record.value = sum(known, Decimal("0.00"))
        return values

    def _judge(self, record: Record, amount: Amount, field: str) -> Decimal | None:
        code, converted = amount.code, record.status == CONVERTED
        if code == "amount_no_number":
            code = "amount_missing_for_converted" if converted else "amount_extra_text"
        elif code is None:
            if amount.yuan is None:
                code = "amount_missing_for_converted" if converted else None
            elif not amount.yuan:
                code = "amount_zero_for_converted" if converted else "zero_on_unconverted_kept"
            elif amount.own_unit and {amount.own_unit, self._units.get(field)} == _UNITS_THAT_DIFFER:
                code = "unit_in_cell_overrides_header"
        if code is None:
            return amount.yuan
        proposals: tuple[str, ...] = ()
        if amount.code and amount.yuan is not None:
            proposals = tuple(str(value) for value in (amount.yuan, *amount.alternatives))
        self._cells.add(record, code, field, proposals)
        return None if code in REFUSING else amount.yuan

    def _note_formula(self, record: Record, number: int, field: str) -> None:
        if not self._cells.marked:
            return
        if self._cells.marked.get(number, {}).get(self._cells.at(field)) == FORMULA:
            self._cells.add(record, "formula_cell_stored_value_used", field)
