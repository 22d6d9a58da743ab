"""Forms of accounts: roles, leaving."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, empty_is_none


class RolesForm(Form):
    """分配角色: all roles that the person shall hold from now on by the unit's grant."""

    roles: list[str] = Field(default_factory=list, title="角色", max_length=20)
    reason: Line = Field(title="理由")


class LeavingForm(Form):
    """停用与交接."""

    successor: Annotated[UUID | None, BeforeValidator(empty_is_none)] = Field(default=None, title="交接给")
    last_day: date = Field(title="离任日期")
    reason: Line = Field(title="理由")
