"""Forms of an import."""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from shared.forms import Form, Line, OptionalBody, plain


class ConfirmForm(Form):
    """确认导入."""

    as_of: Annotated[date, BeforeValidator(plain)] = Field(title="台账截止日期")


class AnswerForm(Form):
    """答复同样的问题."""

    code: Annotated[str, Field(max_length=60)]
    field: Annotated[str, Field(max_length=60)]
    said: Annotated[str, Field(max_length=120)] = ""
    choice: Annotated[str, Field(max_length=300, title="处理方式")] = ""
    picked: Annotated[str, Field(max_length=300)] = ""
    text: OptionalBody = Field("", title="内容")
    reason: Annotated[str, BeforeValidator(plain), Field(max_length=200)] = Field("", title="不导入的理由")

    @model_validator(mode="after")
    def complete(self) -> "AnswerForm":
        """What is chosen needs its words."""
        if self.choice == "typed" and not self.text:
            raise ValueError("请填写改成什么")
        if self.choice == "leave_out" and not self.reason:
            raise ValueError("请填写不导入的理由")
        if self.choice == "pick" and not self.picked.startswith("set:"):
            raise ValueError("请从列表中选择一项")
        known = ("pick", "accept", "again", "further", "leave_out", "typed")
        if self.choice not in known and not self.choice.startswith("set:"):
            raise ValueError("请选择处理方式")
        return self


class RowForm(Form):
    """答复一行."""

    revision: int = Field(title="行的版本", ge=0, le=2**31 - 1)


class LeaveOutForm(RowForm):
    """不导入一行."""

    reason: Line = Field(title="不导入的理由")


class UndoForm(Form):
    """撤销导入."""

    reason: Line = Field(title="撤销理由")
