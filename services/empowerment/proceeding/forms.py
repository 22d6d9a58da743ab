"""The form of a recorded step: its day, its papers by the pack, a note."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field

from services.empowerment.proceeding.workflow import Taken
from shared.forms import Form, OptionalBody, plain, read

PAPER = "paper-"


class StepForm(Form):
    """登记办理结果."""

    done_on: date = Field(title="办理日期")
    note: OptionalBody = Field(default="", title="办理情况")


def read_step(values: Mapping[str, Any], papers: Sequence[str], today: date) -> tuple[Taken | None, dict[str, str]]:
    """What was done, or every error at once; missing papers are the rules' to refuse, with their article."""
    form, errors = read(StepForm, values)
    if form is not None and form.done_on > today:
        errors["done_on"] = "办理日期不能晚于今天"
    if form is None or errors:
        return None, errors
    given = {code: plain(values.get(PAPER + code, ""))[:500] for code in papers}
    return Taken(form.done_on, {code: words for code, words in given.items() if words}, form.note), {}
