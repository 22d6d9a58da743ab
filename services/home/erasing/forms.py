"""Forms of the secrecy office."""

from typing import Literal

from pydantic import Field

from shared.forms import Form, Line


class JudgementForm(Form):
    """解除隔离，下达清除."""

    reason: Line = Field(title="理由")


class CountingForm(Form):
    """涉密回答按月计数."""

    counted: Literal["yes", "no"] = Field(title="是否按月计数")
