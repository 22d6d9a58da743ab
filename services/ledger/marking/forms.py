"""Forms of the mark: setting it, taking it off, the day that a list is asked for."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from services.ledger.forms import Day, Money
from shared.forms import Form, Line, OptionalBody, empty_is_none, plain


def _blank(value: Any) -> Any:
    return empty_is_none(plain(value))


class MarkForm(Form):
    """单独标识."""

    asset_number: Annotated[Annotated[str, Field(max_length=60)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="资产卡片编号"
    )
    booked_value: Money = Field(default=None, title="入账价值")
    marked_on: Day = Field(title="标识日期")
    ground: OptionalBody = Field(default="", title="财务部门认定的依据")


class UnmarkForm(Form):
    """解除标识."""

    unmarked_on: Day = Field(title="解除日期")
    reason: Line = Field(title="解除的理由")
