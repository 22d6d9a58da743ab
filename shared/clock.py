"""Two clocks: real time for tokens, sessions and records; legal time for what the rules count.

Legal time (published, received, signed, due; ``today`` is its date) follows the demo clock in a demo and real time
elsewhere. It is read from the database by the transaction that decides, never from here.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def real_now() -> datetime:
    """The real instant, aware, UTC. The only place that reads the machine's clock."""
    return datetime.now(UTC)


def local_day(instant: datetime) -> date:
    """The calendar day in Asia/Shanghai on which an aware instant falls (rule 4)."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware")
    return instant.astimezone(SHANGHAI).date()
