"""Forms of a task: what is handed to whom for how long; what the agency worked out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field, field_validator

from services.ledger.forms import Day, Text
from shared.forms import Form, Line, plain

ASKABLE = {"technical_field": "技术领域", "form": "成果形式", "market_prospect": "市场应用前景"}
PROPOSED = "proposed-"


class HandOverForm(Form):
    """委托第三方机构."""

    agency_id: UUID = Field(title="技术转移机构")
    service: Line = Field(title="服务种类")
    first_day: Day = Field(title="开始日")
    last_day: Day = Field(title="结束日")
    instruction: Text = Field(default=None, title="委托说明")
    shown: list[str] = Field(default_factory=list, title="交给机构看的内容")
    asks: list[str] = Field(default_factory=list, title="请机构填写的栏目")

    @field_validator("shown", "asks", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("asks")
    @classmethod
    def _askable(cls, value: list[str]) -> list[str]:
        return [one for one in ASKABLE if one in value]


class WorkForm(Form):
    """服务成果."""

    body: Text = Field(default=None, title="服务成果")
    revision: int = Field(default=0, title="版本")


class EndForm(Form):
    """退回、终止."""

    reason: Line = Field(title="理由")


def proposed_of(values: Mapping[str, Any], asks: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(what was typed into the fields that are asked, what is wrong by field); other fields are not the agency's."""
    typed = {name: plain(str(values.get(PROPOSED + name) or "")) for name in asks}
    wrong = {PROPOSED + name: f"{ASKABLE[name]}不能超过 5000 字" for name, words in typed.items() if len(words) > 5000}
    return {name: words for name, words in typed.items() if words}, wrong
