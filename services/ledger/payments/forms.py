"""Forms of a received payment: recording, correcting, taking back."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from services.ledger.forms import Day, money_of
from services.ledger.payments.models import KINDS
from shared.forms import Form, Line, OptionalBody, plain


def _above_zero(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("请填写到账金额")
    if value <= 0:
        raise ValueError("到账金额应大于 0；没有到账的不登记")
    return value


class PaymentForm(Form):
    """登记一笔到账."""

    conversion_id: UUID = Field(title="转化")
    received_on: Day = Field(title="到账日期")
    amount: Annotated[Decimal | None, BeforeValidator(money_of), AfterValidator(_above_zero)] = Field(
        default=None, title="到账金额", validate_default=True
    )
    kind: str = Field(default="", title="款项", validate_default=True)
    reference: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=80)] = Field(title="凭证编号")
    remark: OptionalBody = Field(default="", title="备注")

    @field_validator("kind")
    @classmethod
    def _known(cls, value: Any) -> str:
        if value not in KINDS:
            raise ValueError("请选择款项")
        return str(value)


class CorrectionForm(PaymentForm):
    """更正一笔到账."""

    reason: Line = Field(title="更正的理由")
    revision: int = Field(default=0, title="版本")


class RemovalForm(Form):
    """撤销一笔误登的到账."""

    reason: Line = Field(title="撤销的理由")
