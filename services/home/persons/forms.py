"""The form of an erasure."""

from pydantic import Field

from shared.forms import Form, Line


class ErasureForm(Form):
    """删除个人信息."""

    reason: Line = Field(title="理由")
