"""The form of a delegation."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, empty_is_none


class DelegationForm(Form):
    """委托他人代办."""

    delegate: UUID = Field(title="受托人")
    permissions: list[str] = Field(default_factory=list, title="委托的事项", max_length=40)
    application: Annotated[UUID | None, BeforeValidator(empty_is_none)] = Field(default=None, title="仅限的赋权申请")
    first_day: date = Field(title="起始日期")
    last_day: date = Field(title="截止日期")
    reason: Line = Field(title="原因")
