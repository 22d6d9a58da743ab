"""The form of an erasure."""

from typing import Any

from pydantic import Field, field_validator

from shared.forms import Form, Line


class ErasureForm(Form):
    """删除个人信息."""

    reason: Line = Field(title="理由")
    mask: list[str] = Field(default_factory=list, title="遮盖姓名的位置")

    @field_validator("mask", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value
