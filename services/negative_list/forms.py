"""Forms of the lists: one model each, every error at once."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.errors import FormInvalid

OPINION_LIMIT = 5_000
_MESSAGES = {
    "string_too_short": "请填写{label}",
    "missing": "请填写{label}",
    "date_from_datetime_parsing": "{label}请按 2026-03-16 的格式填写",
    "date_parsing": "{label}请按 2026-03-16 的格式填写",
    "int_parsing": "{label}请填写整数",
    "string_pattern_mismatch": "{label}格式不对",
}
# What XML, CSV and JSON readers choke on; everything else is kept as sent.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _plain(value: Any) -> Any:
    return _CONTROL.sub("", value).replace("\r\n", "\n").strip() if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_plain), Field(min_length=1, max_length=200)]
Body = Annotated[str, BeforeValidator(_plain), Field(min_length=1, max_length=OPINION_LIMIT)]


class Form(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class DraftForm(Form):
    """起草新版本."""

    rule: Line = Field(title="清单种类")
    title: Annotated[str, BeforeValidator(_plain), Field(min_length=1, max_length=120)] = Field(title="清单名称")
    prefix: str = Field(default="", pattern=r"^([A-Z0-9]{1,8}(-[A-Z0-9]{1,8}){0,2})?$", title="编号前缀")


class ItemForm(Form):
    """新增或者修订条目."""

    category: Line = Field(title="情形")
    title: Line = Field(title="条目")
    note: Body = Field(title="说明")


class RevisionForm(Form):
    title: Line = Field(title="条目")
    note: Body = Field(title="说明")


class EndForm(Form):
    note: Body = Field(title="终止说明")


class ConsultationForm(Form):
    days: int = Field(ge=1, le=365, title="征求意见天数")


class ProceedingForm(Form):
    """专家审核与评估、共同确定: who, when, which opinion."""

    held_on: date = Field(title="日期")
    participants: Body = Field(title="参加单位和人数")
    opinion: Body = Field(title="意见")
    document: Line = Field(title="会议纪要或者文件名称")


class PublicationForm(Form):
    effective_on: date = Field(title="生效日期")


class OpinionForm(Form):
    """网上提出的意见, without an account."""

    body: Body = Field(title="意见内容")
    item_code: Annotated[str, BeforeValidator(_plain), Field(max_length=40)] = Field(default="", title="所针对的条目")


class LetterForm(OpinionForm):
    """来信、来访等收到的意见, entered by the department."""

    channel: str = Field(pattern=r"^(letter|visit|meeting)$", title="收到方式")


class AnswerForm(Form):
    answer: Body = Field(title="答复")
    adopted: str = Field(pattern=r"^(adopted|partly|not)$", title="采纳情况")


F = TypeVar("F", bound=Form)


def read(model: type[F], sent: Mapping[str, Any]) -> F:
    """The form as sent.

    :raises FormInvalid: every wrong field with a message, and the values as they were typed.
    """
    values = {name: sent.get(name, "") for name in model.model_fields}
    present = {name: value for name, value in values.items() if value != "" or model.model_fields[name].is_required()}
    try:
        return model.model_validate(present)
    except ValidationError as wrong:
        errors: dict[str, str] = {}
        for error in wrong.errors():
            name = str(error["loc"][0])
            errors.setdefault(name, _message(model, name, values.get(name), error))
        raise FormInvalid(errors, values) from wrong


def _message(model: type[Form], name: str, value: Any, error: Any) -> str:
    label = model.model_fields[name].title or name
    if not str(value or "").strip():
        return f"请填写{label}"
    limits = error.get("ctx", {})
    match error["type"]:
        case "string_too_long" | "too_long":
            return f"{label}不能超过 {limits['max_length']} 字，现有 {len(value)} 字"
        case "greater_than_equal":
            return f"{label}不能少于 {limits['ge']}"
        case "less_than_equal":
            return f"{label}不能多于 {limits['le']}"
        case kind:
            return _MESSAGES.get(kind, "{label}填写有误").format(label=label)
