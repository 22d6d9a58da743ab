"""Forms of the screening: the cycle, a result, the end of a round."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from services.ledger.screening.models import CHOSEN_BY_CYCLE, RESULTS
from shared.forms import Form, Line, OptionalBody, plain

Day = Annotated[date, BeforeValidator(plain)]


class PlanForm(Form):
    """设定筛查周期."""

    every_months: Annotated[int, Field(ge=1, le=60)] = Field(title="每几个月一次")
    first_due_on: Day = Field(title="首次完成日期")
    ahead_days: Annotated[int, Field(ge=1, le=180)] = Field(title="提前天数")
    reasons: Annotated[list[str], Field(min_length=1)] = Field(default=[], title="筛查范围", validate_default=True)
    basis: Line = Field(title="单位制度")

    @field_validator("reasons")
    @classmethod
    def _known(cls, value: Any) -> list[str]:
        kept = [code for code in CHOSEN_BY_CYCLE if code in value]
        if not kept:
            raise ValueError("请选择筛查范围")
        return kept


class RoundForm(Form):
    """开始一轮筛查."""

    due_on: Day = Field(title="完成日期")


class ResultForm(Form):
    """登记筛查结论."""

    result: str = Field(title="结论")
    finding: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=1000)] = Field(title="说明")

    @field_validator("result")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in RESULTS:
            raise ValueError("请选择结论")
        return value


class CloseForm(Form):
    """结束一轮筛查."""

    summary: OptionalBody = Field(default="", title="筛查小结")
