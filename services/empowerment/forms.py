"""Forms that end or return an application."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, plain


class ReasonForm(Form):
    reason: Line = Field(title="理由")


class ReturnForm(ReasonForm):
    """退回补正: a reason, tied to a field where one is meant."""

    field: Annotated[str, BeforeValidator(plain), Field(max_length=60)] = Field(default="", title="需补正的内容")
