"""Forms of the stage; the dates of criteria and of starts are fields of the pack, named by its codes."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from services.ledger.forms import Optional_
from shared.forms import Form, Line, OptionalDay, plain

CRITERION = "criterion-"
START = "start-"


class CriteriaForm(Form):
    """登记条件."""

    reason: Line = Field(title="登记理由")
    revision: int = Field(default=0, title="版本")


class ProofForm(Form):
    """上传佐证材料."""

    kind: Line = Field(title="材料种类")
    subjects: list[str] = Field(default_factory=list, title="证明的条件")
    reference: Optional_ = Field(default=None, title="文号或编号")
    dated_on: OptionalDay = Field(default=None, title="材料日期")


class WithdrawalForm(Form):
    """撤下一份佐证材料."""

    reason: Line = Field(title="撤下理由")


class StartForm(Form):
    """登记研发起点."""

    funding: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=20)] = Field(title="经费来源")
    chosen: OptionalDay = Field(default=None, title="另行确定的起点")
    chosen_reason: Optional_ = Field(default=None, title="另行确定的理由")
    revision: int = Field(default=0, title="版本")


def days_of(
    values: Mapping[str, Any], prefix: str, labels: Iterable[tuple[str, str]], today: date
) -> tuple[dict[str, date], dict[str, str]]:
    """The days typed for the pack's codes, and what is wrong with them by field; empty is not met, not wrong."""
    days: dict[str, date] = {}
    errors: dict[str, str] = {}
    for code, label in labels:
        typed = plain(str(values.get(f"{prefix}{code}") or ""))
        if not typed:
            continue
        try:
            days[code] = date.fromisoformat(typed)
        except ValueError:
            errors[f"{prefix}{code}"] = f"“{label}”的日期请按 2026-03-16 的格式填写"
            continue
        if days[code] > today:
            errors[f"{prefix}{code}"] = f"“{label}”的日期晚于今天，请在满足之后登记"
    return days, errors
