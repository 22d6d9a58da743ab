"""Forms of a merger."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, empty_is_none


class MergerForm(Form):
    """提议并入."""

    target: Annotated[UUID, BeforeValidator(empty_is_none)] = Field(title="并入的单位")
    since: Annotated[date, BeforeValidator(empty_is_none)] = Field(title="并入日期")
    document: Line = Field(title="依据文件")


class WithdrawalForm(Form):
    """撤回并入."""

    reason: Line = Field(title="撤回原因")
