"""Forms of rights."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from services.ledger.entry import Right, right_number
from services.ledger.forms import Day
from shared.forms import Form, Line, OptionalDay, empty_is_none, plain


def _blank(value: Any) -> Any:
    return empty_is_none(plain(value))


class RightForm(Form):
    """登记或更改一项权利."""

    number: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=80)] = Field(title="权利号")
    kind: Line = Field(title="权利种类")
    category: Annotated[Annotated[str, Field(max_length=40)] | None, BeforeValidator(_blank)] = Field(
        default=None, title="保护期类别"
    )
    status: Line = Field(title="权利状态")
    applied_on: OptionalDay = Field(default=None, title="申请日")
    granted_on: OptionalDay = Field(default=None, title="授权（登记）日")
    published_on: OptionalDay = Field(default=None, title="首次发表或使用日")
    created_on: OptionalDay = Field(default=None, title="完成日")
    expires_on: OptionalDay = Field(default=None, title="届满日")
    since: Day = Field(title="变更生效日")
    reason: Line = Field(title="登记理由")
    replaces: Annotated[str | None, BeforeValidator(_blank)] = Field(default=None, title="原权利号")
    revision: int = Field(default=0, title="版本")

    def right(self, known: Right | None) -> Right:
        """What is typed; what the form does not ask of a known right stays."""
        typed = {name: getattr(self, name) for name in RightForm.model_fields if name in Right.__dataclass_fields__}
        number = right_number(self.number)
        kept = {"fee_year": known.fee_year, "ended_on": known.ended_on, "raw": known.raw} if known is not None else {}
        return Right(**{**kept, **typed, "number": number, "raw": kept.get("raw") or self.number})


class FeeForm(Form):
    """登记缴纳年费."""

    number: Line = Field(title="权利号")
    year: Annotated[int, Field(ge=1, le=30)] = Field(title="缴至年度")
    paid_on: Day = Field(title="缴费日期")
