"""The form of an address that news is pushed to."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from services.home.pushing.models import EVENTS
from shared.forms import Form, plain


class TargetForm(Form):
    """登记推送地址."""

    name: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=80)] = Field(title="系统名称")
    url: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=500)] = Field(title="推送地址")
    events: Annotated[list[str], Field()] = Field(default=[], title="推送内容", validate_default=True)

    @field_validator("events")
    @classmethod
    def _known(cls, value: Any) -> list[str]:
        kept = [code for code in EVENTS if code in value]
        if not kept:
            raise ValueError("请选择推送内容")
        return kept
