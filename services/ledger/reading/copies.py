"""What is kept of an upload: its values written anew, with no trace of the rows that must not be kept.

An xlsx holds deleted texts in shared strings, comments and caches; so nothing of the original is kept but its hash.
Beside the copy goes a note of positions (formulas, errors, hidden rows) by which the copy reads like the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from services.ledger.reading.records import Disposition, Record
from services.ledger.reading.secrecy import Secrets
from shared.documents.workbook import Sheet, Workbook, read_workbook
from shared.documents.workbook_writing import WrittenRow, WrittenSheet, write_workbook
from shared.documents.workbook_xml import SheetMarks


class CopyNote(msgspec.Struct, frozen=True):
    """What the copy does not say itself; positions and the original's identity, no text of a cell."""

    filename: str
    kind: str
    sha256: str
    marks: tuple[SheetMarks, ...]
    secrets: Secrets

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes | str | Mapping[str, Any]) -> CopyNote:
        """From JSON, or from what a database driver made of it."""
        if isinstance(data, (bytes, str)):
            return msgspec.json.decode(data, type=cls)
        return msgspec.convert(data, type=cls, strict=False)


def values_only(workbook: Workbook, secrets: Secrets, refused: Mapping[str, Iterable[int]] | None = None) -> bytes:
    """The workbook's values in a new xlsx: same sheets, same row numbers, secret and refused rows empty.

    `refused`: further rows to leave empty, by sheet name (see `refused_rows`).
    """
    dropped = {name: frozenset(rows) for name, rows in (refused or {}).items()}
    return write_workbook(
        _written(sheet, frozenset(secrets.of_sheet(sheet.index)) | dropped.get(sheet.name, frozenset()))
        for sheet in workbook.sheets
    )


def _written(sheet: Sheet, dropped: frozenset[int]) -> WrittenSheet:
    return WrittenSheet(
        name=sheet.name,
        rows=_kept_rows(sheet, dropped),
        first_column=sheet.first_column,
        state=sheet.state,
        merges=sheet.merges,
        hidden_rows=frozenset(sheet.marks.hidden_rows),
        hidden_columns=sheet.marks.hidden_columns,
    )


def _kept_rows(sheet: Sheet, dropped: frozenset[int]) -> Iterator[WrittenRow]:
    for number, row in enumerate(sheet.rows(), start=1):
        yield number, () if number in dropped else row


def refused_rows(records: Iterable[Record]) -> dict[str, set[int]]:
    """The sheet rows of all refused records, by sheet name."""
    refused: dict[str, set[int]] = {}
    for record in records:
        if record.disposition is Disposition.REFUSED:
            refused.setdefault(record.sheet, set()).update(record.rows)
    return refused


def note_of(workbook: Workbook, secrets: Secrets) -> CopyNote:
    """The note that goes with a copy."""
    marks = tuple(sheet.marks for sheet in workbook.sheets)
    return CopyNote(workbook.filename, workbook.kind, workbook.sha256, marks, secrets)


def reopen(copy: bytes, note: CopyNote) -> Workbook:
    """The workbook of a kept copy, with the original's name, hash and marks."""
    read = read_workbook(copy, note.filename)
    sheets = tuple(
        Sheet(
            name=sheet.name,
            index=sheet.index,
            state=sheet.state,
            first_column=sheet.first_column,
            last_row=sheet.last_row,
            last_column=sheet.last_column,
            merges=sheet.merges,
            marks=marks,
            source=sheet.source,
        )
        for sheet, marks in zip(read.sheets, note.marks, strict=True)
    )
    return Workbook(note.filename, "xlsx", note.sha256, sheets)
