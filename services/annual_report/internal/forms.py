"""Forms of the report within the unit: its day, a correction, the receipt."""

from typing import Annotated

from pydantic import Field

from shared.forms import Form, Line, OptionalBody


class PlanForm(Form):
    """设定报送日期."""

    month: Annotated[int, Field(ge=1, le=12)] = Field(title="月")
    day: Annotated[int, Field(ge=1, le=31)] = Field(title="日")
    ahead_days: Annotated[int, Field(ge=1, le=90)] = Field(title="提前提醒天数")
    basis: Line = Field(title="单位制度")


class SendForm(Form):
    """冻结并报送、更正."""

    year: Annotated[int, Field(ge=2000, le=2999)] = Field(title="报告年度")
    report: Line = Field(title="报告")
    reason: OptionalBody = Field(default="", title="更正的理由")


class ReceiptForm(Form):
    """确认接收."""

    receipt: OptionalBody = Field(default="", title="接收意见")
