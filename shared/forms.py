"""Reading a form: pydantic models in, every error at once out, in Chinese and in the order of the form."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

# What XML, CSV and JSON readers choke on; everything else is kept as typed.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９％．／，", "0123456789%./,")
_MESSAGES = {
    "missing": "请填写{label}",
    "string_too_short": "请填写{label}",
    "too_short": "请填写{label}",
    "too_long": "{label}不能超过 {max_length} 字",
    "string_too_long": "{label}不能超过 {max_length} 字",
    "date_from_datetime_parsing": "{label}请按 2026-03-16 的格式填写",
    "date_type": "请填写{label}",
    "date_parsing": "{label}请按 2026-03-16 的格式填写",
    "datetime_from_date_parsing": "{label}请填写日期和时刻",
    "datetime_parsing": "{label}请填写日期和时刻",
    "int_parsing": "{label}请填写整数",
    "uuid_parsing": "请选择{label}",
    "literal_error": "请选择{label}",
    "greater_than_equal": "{label}不能小于 {ge}",
    "less_than_equal": "{label}不能大于 {le}",
    "value_error": "{error}",
}


def plain(value: Any) -> Any:
    """Typed text without control characters, blanks around it and foreign line ends."""
    return _CONTROL.sub("", value).replace("\r\n", "\n").strip() if isinstance(value, str) else value


def empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def share_of(value: Any) -> Any:
    """``30%``, ``0.3`` or ``1/3`` as an exact fraction of one; empty stays empty."""
    if not isinstance(value, str) or not value.strip():
        return None if isinstance(value, str) else value
    words = value.strip().translate(_FULL_WIDTH).replace(" ", "")
    try:
        share = Fraction(words.removesuffix("%")) / (100 if words.endswith("%") else 1)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("比例请写成 30%、0.3 或 1/3") from error
    if not 0 <= share <= 1 or len(str(share)) > 40:
        raise ValueError("比例应在 0 与 100% 之间")
    return share


Line = Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=200)]
Body = Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=5000)]
OptionalBody = Annotated[str, BeforeValidator(plain), Field(max_length=5000)]
OptionalDay = Annotated[date | None, BeforeValidator(empty_is_none)]
OptionalShare = Annotated[Fraction | None, BeforeValidator(share_of)]


class Form(BaseModel):
    """A form: unknown fields are passed over, a field's ``title`` is its name in messages."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)


Read = TypeVar("Read", bound=Form)


def typed(data: Any, lists: Iterable[str] = ()) -> dict[str, Any]:
    """What a browser sent, as typed: text by field; ``lists`` are fields with several values. No form key, no files."""
    wanted = set(lists)
    kept: dict[str, Any] = {}
    for name in dict.fromkeys(data.keys()):
        if name == "form_key":
            continue
        values = [value for value in data.getall(name) if isinstance(value, str)]
        if values:
            kept[name] = values if name in wanted else values[-1]
    return kept


def read(model: type[Read], values: Mapping[str, Any]) -> tuple[Read | None, dict[str, str]]:
    """(form, {}) or (None, every error as {field: message} in the order of the form)."""
    try:
        return model.model_validate(dict(values)), {}
    except ValidationError as wrong:
        found = {str(one["loc"][0]) if one["loc"] else "": one for one in reversed(wrong.errors())}
    order = [*model.model_fields, ""]
    return None, {name: _message(model, name, found[name]) for name in order if name in found}


def _message(model: type[Form], name: str, error: Any) -> str:
    field = model.model_fields.get(name)
    label = (field.title if field else None) or "该项"
    context = error.get("ctx") or {}
    pattern = _MESSAGES.get(error["type"], "{label}填写有误")
    return pattern.format_map({"max_length": "", "ge": "", "le": "", "error": "", **context, "label": label})
