"""Where a list that is sorted by an instant goes on: exact, though several rows have the same instant."""

from datetime import UTC, datetime
from uuid import UUID

Place = tuple[datetime, UUID]


def place_text(at: datetime, row_id: UUID) -> str:
    """A place as an address has it, without a character that an address would have to escape but for the colons."""
    return f"{at.astimezone(UTC).isoformat().removesuffix('+00:00')}Z~{row_id}"


def place_of(text: str) -> Place | None:
    """The place that an address names; None for what is none."""
    at, _, row_id = text.partition("~")
    try:
        found, one = datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        return None
    return (found, one) if found.tzinfo is not None and 1900 <= found.year <= 9000 else None
