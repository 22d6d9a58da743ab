"""What an import of a file would do, without a tenant and without keeping anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from services.ledger.reading.layout import Corrections
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.records import Record
from services.ledger.reading.summary import Tally, summarise
from shared.documents.workbook import read_workbook


def dry_run(
    data: bytes,
    filename: str,
    profile: LedgerProfile,
    *,
    corrections: Corrections | None = None,
    today: date | None = None,
    each: Callable[[Record], None] | None = None,
) -> dict[str, Any]:
    """Counts, sums, groups and issues of a file; `each` is called with every record as it is read.

    Raises WorkbookError or LedgerError with a code and a Chinese message.
    """
    reader = LedgerReader(read_workbook(data, filename), profile, corrections=corrections, today=today)
    tally = Tally()
    for record in reader.records():
        tally.add(record)
        if each:
            each(record)
    return summarise(reader, tally)
