"""Forms of an import."""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, plain


class ConfirmForm(Form):
    """确认导入."""

    as_of: Annotated[date, BeforeValidator(plain)] = Field(title="台账截止日期")


class UndoForm(Form):
    """撤销导入."""

    reason: Line = Field(title="撤销理由")
