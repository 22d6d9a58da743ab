"""Kept workbooks being read: opened once by a process, and handed from chunk to chunk.

What is remembered here may be lost at any time: whoever finds nothing opens the kept copy and reads on from the record
that the database names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from threading import Lock
from typing import Any
from uuid import UUID

from services.ledger.importing.entries import StagedRow, Stager
from services.ledger.importing.keeping import both
from services.ledger.reading.copies import CopyNote, reopen
from services.ledger.reading.layout import Corrections, lay_out
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.records import Record
from services.ledger.reading.secrecy import find_secrets
from shared.policy.pack import Pack

_AT_MOST = 2


@dataclass(slots=True)
class Chunk:
    """Staged rows of consecutive records, the sheet row reached, and whether they are the last."""

    rows: list[StagedRow]
    rows_done: int
    last: bool


class OpenImport:
    """One kept workbook in the middle of being read; ``records_done`` is how many records were given."""

    def __init__(self, reader: LedgerReader, stager: Stager) -> None:
        self.records_done = 0
        self.layout = reader.layout
        self.secrets = reader.secrets
        self._stager = stager
        self._records: Iterator[Record] = reader.records()
        self._above: dict[str, int] = {}
        total = 0
        for sheet, layout in zip(reader.workbook.sheets, reader.layout.sheets, strict=True):
            if layout.role == "ledger":
                self._above[sheet.name] = total
                total += sheet.last_row
        self.rows_total = total

    def skip(self, records: int) -> None:
        """Read past what was staged before; duplicates are found as in one go."""
        self.records_done += sum(1 for _ in islice(self._records, records))

    def next_chunk(self, size: int) -> Chunk:
        """The next records, at most ``size``."""
        records = list(islice(self._records, size))
        rows_done = self._above[records[-1].sheet] + records[-1].rows[-1] if records else 0
        first = self.records_done
        rows = [self._stager.row(first + place, record) for place, record in enumerate(records)]
        self.records_done += len(records)
        return Chunk(rows, rows_done, len(records) < size)


def open_copy(
    content: bytes, note: Any, pack: Pack, day: date, records_done: int, corrections: Corrections | None = None
) -> OpenImport:
    """Open a kept copy at a record; blocking, seconds for a large one.

    With a person's corrections it is searched for classified rows as they read it, beside what was found before.
    """
    decoded = CopyNote.decode(note)
    profile = LedgerProfile.from_pack(pack)
    workbook, secrets = reopen(content, decoded), decoded.secrets
    if corrections is not None:
        secrets = both(secrets, find_secrets(workbook, lay_out(workbook, corrections)))
    reader = LedgerReader(workbook, profile, corrections=corrections, secrets=secrets, today=day)
    opened = OpenImport(reader, Stager(profile, reader.layout, pack, day))
    opened.skip(records_done)
    return opened


_held: dict[UUID, OpenImport] = {}
_lock = Lock()


def take(import_id: UUID, records_done: int) -> OpenImport | None:
    """What this process has open of an import, if it stands at that record; nobody else has it then."""
    with _lock:
        opened = _held.pop(import_id, None)
    return opened if opened is not None and opened.records_done == records_done else None


def hold(import_id: UUID, opened: OpenImport) -> None:
    """Keep it for the next chunk; of more than two the oldest is let go."""
    with _lock:
        _held[import_id] = opened
        while len(_held) > _AT_MOST:
            del _held[next(iter(_held))]


def let_go(import_id: UUID) -> None:
    """Nothing more is read of it."""
    with _lock:
        _held.pop(import_id, None)
