"""Forms of the notices: one model each, every error at once."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from shared.clock import SHANGHAI
from shared.forms import Body, Form, Line, plain


def _in_china(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=SHANGHAI)


Instant = Annotated[datetime, BeforeValidator(plain), AfterValidator(_in_china)]


class ObjectionForm(Form):
    """提出异议."""

    body: Body = Field(title="异议内容和理由")


class AnswerForm(Form):
    """答复异议."""

    answer: Body = Field(title="核查情况和答复意见")
    outcome: Literal["not_upheld", "upheld"] = Field(title="核查结论")
    result_published: Literal["yes", ""] = Field(default="", title="公布结果")


class ChangeForm(Form):
    """更正公示内容; the fields of the content come by the pack's codes."""

    title: Line = Field(title="公示标题")
    reason: Line = Field(title="更正原因")


class ReasonForm(Form):
    reason: Line = Field(title="原因")


class InterruptionForm(Form):
    """登记公示中断."""

    began_at: Instant = Field(title="中断开始时刻")
    ended_at: Instant = Field(title="恢复时刻")
    reason: Line = Field(title="原因")
