"""The conversions of a row or block: method, counterparty, its credit code, contract number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from services.ledger.reading.cells import SheetCells
from services.ledger.reading.choices import Choice, read_method
from services.ledger.reading.money import Rows
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.records import Conversion, Record
from services.ledger.reading.text import cell_text, compact, tidy
from services.ledger.reading.vocabulary import CONVERTED, NOTHING, UNCONVERTED
from shared.documents.workbook import CellValue
from shared.identifiers import CreditCodeFault, credit_code

# Beyond this a double no longer holds every whole number: Excel has lost the last digit.
_EXACT_INTEGERS: Final = 10**15
_CACHED: Final = 10_000
_LABEL = re.compile(r"第[0-9一二三四五六七八九十]+次(?:许可|转让|转化|合同|交易)?")


def conversion_label(text: str) -> bool:
    """Whether a remark only numbers the conversion (第2次许可)."""
    return _LABEL.fullmatch(text) is not None


class ContractReader:
    """Reads the conversion columns of one sheet."""

    def __init__(self, cells: SheetCells, profile: LedgerProfile) -> None:
        self._cells = cells
        self._profile = profile
        self._method = cells.at("method")
        self._counterparty = cells.at("counterparty")
        self._credit_code = cells.at("credit_code")
        self._contract_number = cells.at("contract_number")
        self._remark = cells.at("remark")
        self._methods: dict[str, Choice] = {}
        self._codes: dict[str, bool] = {}

    def read(self, record: Record, rows: Rows, amounts: Sequence[Decimal | None]) -> None:
        """Set the record's method and contract fields, and its conversions where it has several rows."""
        if len(rows) == 1:
            row = rows[0][1]
            record.method = self._read_method(record, row)
            if record.status == CONVERTED or row[self._counterparty] or row[self._contract_number]:
                self._read_contract(record, record, row)
            return
        for (_, row), amount in zip(rows, amounts, strict=True):
            conversion = Conversion(method=self._read_method(record, row), amount=amount)
            self._read_contract(record, conversion, row)
            remark = tidy(cell_text(row[self._remark]))
            conversion.remark = remark or None
            record.conversions.append(conversion)
        first = record.conversions[0]
        record.method = first.method
        record.counterparty, record.credit_code = first.counterparty, first.credit_code
        record.contract_number = first.contract_number

    def _read_method(self, record: Record, row: Sequence[CellValue]) -> str | None:
        text = cell_text(row[self._method])
        method = self._methods.get(text)
        if method is None:
            if len(self._methods) >= _CACHED:
                self._methods.clear()
            method = self._methods[text] = read_method(self._profile, text)
        if method.code:
            self._say(record, method.code, self._profile.methods)
        elif method.value is None and record.status == CONVERTED:
            self._say(record, "method_missing_for_converted", self._profile.methods)
        if method.warning:
            self._say(record, method.warning)
        if method.value and record.status == UNCONVERTED:
            self._say(record, "method_on_unconverted_kept_as_planned")
        return method.value

    def _say(self, record: Record, code: str, proposals: tuple[str, ...] = ()) -> None:
        # The sub-rows of a block say the same thing once.
        if not any(issue.code == code for issue in record.issues):
            self._cells.add(record, code, "method", proposals)

    def _read_contract(self, record: Record, target: Record | Conversion, row: Sequence[CellValue]) -> None:
        target.counterparty = _filled(row[self._counterparty])
        code = _filled(row[self._credit_code])
        if code:
            target.credit_code = code
            if not self._code_fits(code):
                self._cells.add(record, "credit_code_check_digit", "credit_code")
        cell = row[self._contract_number]
        target.contract_number = _filled(cell)
        if isinstance(cell, (int, float)) and abs(cell) >= _EXACT_INTEGERS:
            self._cells.add(record, "sixteen_digit_number_stored_as_number_last_digit_lost", "contract_number")

    def _code_fits(self, code: str) -> bool:
        known = self._codes.get(code)
        if known is None:
            if len(self._codes) >= _CACHED:
                self._codes.clear()
            fault = credit_code(code).fault
            known = self._codes[code] = fault is None or fault is CreditCodeFault.DEPARTMENT
        return known


def _filled(cell: CellValue) -> str | None:
    if cell == "":
        return None
    text = tidy(cell_text(cell))
    return None if compact(text) in NOTHING else text
