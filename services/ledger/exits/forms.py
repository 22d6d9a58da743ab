"""Forms of the exit list: an entry, its removal, a sheet that was sent."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from services.ledger.forms import Day
from shared.forms import Form, Line, plain

Short = Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=80)]


class EntryForm(Form):
    """列入清单."""

    code: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=24)] = Field(title="台账编号")
    ground: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=2000)] = Field(title="退出事由")
    decided_on: Day = Field(title="决策日期")
    decision: Short = Field(title="决策文件")


class RemovalForm(Form):
    """移出清单."""

    reason: Line = Field(title="移出的理由")


class SheetForm(Form):
    """登记报送."""

    sent_on: Day = Field(title="报送日期")
    reference: Short = Field(title="报送文号")
