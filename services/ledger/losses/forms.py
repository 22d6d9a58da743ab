"""Forms of a loss: what was checked, how it was booked."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.ledger.forms import Day
from shared.forms import Form, Line, plain

Checked = Annotated[str, BeforeValidator(plain), Field(max_length=2000)]


class LossForm(Form):
    """登记权利丧失."""

    number: Line = Field(title="权利号")
    cause: Literal["assigned", "contributed", "lapsed", "expired", "other"] = Field(title="丧失原因")
    lost_on: Day = Field(title="丧失日期")
    performance: Checked = Field(default="", title="转化履约情况")
    change_reason: Checked = Field(default="", title="权属变更原因")
    legal_status: Checked = Field(default="", title="成果法律状态")


class BookingForm(Form):
    """登记账务处理."""

    booking: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=2000)] = Field(title="账务处理结果")
