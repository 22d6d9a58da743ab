"""Forms of the home slice."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.clock import SHANGHAI

_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class ClockForm(BaseModel):
    """The clock control: a step forward, or a day and time in Asia/Shanghai."""

    model_config = ConfigDict(extra="ignore")

    step: str = ""
    to: str = ""

    def target(self, now: datetime) -> datetime | None:
        """The instant that was chosen; None when none was, or when it is no date and time."""
        if self.step in _STEPS:
            return now + _STEPS[self.step]
        try:
            return datetime.fromisoformat(self.to).replace(tzinfo=SHANGHAI)
        except ValueError:
            return None


def read_clock_form(values: dict[str, str]) -> ClockForm:
    """The form as sent; anything unreadable is an empty form, which names no target."""
    try:
        return ClockForm.model_validate(values)
    except ValidationError:
        return ClockForm()
