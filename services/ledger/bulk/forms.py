"""The form of what is done with many achievements at once: what, to what, from when, why; every error at once."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from shared.forms import Form, Line, plain

# What may be changed for many at once, with the longest text that the ledger holds of it.
CHANGES = {"college": "设定所属部门", "status": "设定转化状态", "agency": "设定协助机构", "remark": "设定备注"}
SCREEN, REMIND = "screen", "remind"
ACTIONS = {**CHANGES, SCREEN: "移交定期筛查", REMIND: "提醒完成人"}
_LIMITS = {"college": 80, "agency": 100, "remark": 1000, "status": 40, SCREEN: 400, REMIND: 400}


class BulkForm(Form):
    """批量办理."""

    action: Line = Field(title="办理事项")
    value: Annotated[str, BeforeValidator(plain), Field(max_length=1000)] = Field(default="", title="新的内容")
    new_status: Annotated[str, BeforeValidator(plain), Field(max_length=40)] = Field(default="", title="转化状态")
    since: Annotated[date, BeforeValidator(plain)] = Field(title="变更生效日")
    reason: Line = Field(title="理由")

    @model_validator(mode="after")
    def _possible(self) -> "BulkForm":
        if self.action not in ACTIONS:
            raise ValueError("没有这种办理事项")
        if self.action == "status" and not self.new_status:
            raise ValueError("请选择转化状态")
        if self.action == REMIND and not self.value:
            raise ValueError("请填写提醒的内容")
        if len(self.value) > _LIMITS[self.action]:
            raise ValueError(f"新的内容不能超过 {_LIMITS[self.action]} 字")
        return self

    def changes(self) -> dict[str, Any]:
        """The field of the ledger and its new value, where a field is changed; an empty text empties the field."""
        if self.action not in CHANGES:
            return {}
        return {self.action: self.new_status if self.action == "status" else self.value or None}
