"""Forms of the review: screening item by item, feasibility by dimension, the notice."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from services.empowerment.rules import Screened
from shared.forms import Form, Line, OptionalBody, empty_is_none, plain, read

_NAMES = re.compile(r"[、,，;；\s]+")


class ScreeningForm(Form):
    """负面清单排查; the answers come by the pack's categories and the list's items."""

    list_version_id: Annotated[UUID | None, BeforeValidator(empty_is_none)] = Field(default=None, title="清单版本")
    own_list: Annotated[str, BeforeValidator(plain), Field(max_length=200)] = Field(default="", title="清单名称和版本")
    note: OptionalBody = Field(default="", title="排查说明")


class FeasibilityForm(Form):
    """可行性评估; the findings come by the pack's dimensions."""

    reviewers: Line = Field(title="评估人员")
    conclusion: Literal["feasible", "not_feasible"] = Field(title="评估结论")


class NoticeForm(Form):
    """发布公示."""

    summary: OptionalBody = Field(default="", title="成果基本情况")
    days: int = Field(ge=1, le=365, title="公示天数")
    novelty_at_risk: Literal["yes", ""] = Field(default="", title="影响新颖性")


def read_screening(
    values: Mapping[str, Any], categories: Sequence[str], items: Sequence[str]
) -> tuple[UUID | None, Screened | None, dict[str, str]]:
    """(list version before the person, the answers, errors); what is unanswered is the rules' to refuse."""
    form, errors = read(ScreeningForm, values)
    answers: dict[str, dict[str, Any]] = {}
    for code in categories:
        given: dict[str, Any] = {
            "answer": values.get(f"answer-{code}") or None,
            "complaint": values.get(f"complaint-{code}") == "yes",
            "finding": values.get(f"finding-{code}") or None,
            "finding_document": plain(values.get(f"document-{code}", "")) or None,
        }
        freed = str(values.get(f"declassified-{code}", "")).strip()
        if freed:
            try:
                given["declassified_on"] = date.fromisoformat(freed).isoformat()
            except ValueError:
                errors[f"declassified-{code}"] = "解密日期请按 2026-03-16 的格式填写"
        answers[code] = {name: value for name, value in given.items() if value is not None}
    if form is None or errors:
        return None, None, errors
    chosen = {code: str(values[f"item-{code}"]) for code in items if values.get(f"item-{code}") in ("yes", "no")}
    return form.list_version_id, Screened(answers, chosen, form.note, form.own_list), {}


def names_in(words: str) -> list[str]:
    """Names typed one after another."""
    return [name for name in _NAMES.split(words) if name]
