"""The form of ownership."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from services.ledger.forms import Day, Optional_
from services.ledger.ownership.rules import owners_of
from shared.forms import Form, Line, OptionalBody, OptionalDay, empty_is_none, plain


def _blank(value: Any) -> Any:
    return empty_is_none(plain(value))


class OwnershipForm(Form):
    """登记权属."""

    owners: OptionalBody = Field(default="", title="权利人和比例")
    custodian: Annotated[Annotated[str, Field(max_length=100)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="托管机构"
    )
    contract: Optional_ = Field(default=None, title="托管合同编号")
    custody_from: OptionalDay = Field(default=None, title="托管开始日")
    custody_to: OptionalDay = Field(default=None, title="托管结束日")
    declassified_on: OptionalDay = Field(default=None, title="解密日期")
    since: Day = Field(title="变更生效日")
    reason: Line = Field(title="登记理由")
    revision: int = Field(default=0, title="版本")

    @field_validator("owners")
    @classmethod
    def _owners(cls, value: str) -> str:
        owners_of(value)
        return value

    def faults(self) -> dict[str, str]:
        """What the fields of a custody say against each other, by field."""
        if self.custodian is None and (self.contract or self.custody_from or self.custody_to):
            return {"custodian": "填写了托管的合同或日期，请填写托管机构"}
        if self.custody_from and self.custody_to and self.custody_to < self.custody_from:
            return {"custody_to": f"托管结束日早于开始日 {self.custody_from}，请核对"}
        return {}

    def custody(self) -> dict[str, Any] | None:
        """As a version keeps it."""
        if self.custodian is None:
            return None
        days = {"from": self.custody_from, "to": self.custody_to}
        stated = {name: str(day) if day else None for name, day in days.items()}
        return {"agency": self.custodian, "contract": self.contract, **stated}
