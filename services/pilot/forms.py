"""Forms of the pilots: one model each, every error at once."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import FormInvalid


class SelectionForm(BaseModel):
    """遴选试点单位."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    institution: UUID = Field(title="单位")
    guideline: str = Field(pattern=r"^(empowerment|ledger)$", title="试点")
    selected_on: date = Field(title="遴选日期")
    first_day: date = Field(title="起始日期")
    document: str = Field(min_length=1, max_length=200, title="遴选文件")


class EndForm(BaseModel):
    """终止试点资格."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    last_day: date = Field(title="最后一日")
    document: str = Field(min_length=1, max_length=200, title="依据文件")


def read_selection(sent: Mapping[str, Any]) -> SelectionForm:
    """:raises FormInvalid: every wrong field, values kept."""
    try:
        return SelectionForm.model_validate(dict(sent))
    except ValidationError as wrong:
        raise _invalid(SelectionForm, wrong, sent) from wrong


def read_end(sent: Mapping[str, Any]) -> EndForm:
    """:raises FormInvalid: every wrong field, values kept."""
    try:
        return EndForm.model_validate(dict(sent))
    except ValidationError as wrong:
        raise _invalid(EndForm, wrong, sent) from wrong


def _invalid(model: type[BaseModel], wrong: ValidationError, sent: Mapping[str, Any]) -> FormInvalid:
    errors: dict[str, str] = {}
    for error in wrong.errors():
        name = str(error["loc"][0])
        label = model.model_fields[name].title or name
        if not str(sent.get(name, "")).strip():
            message = f"请填写{label}"
        elif error["type"] == "string_too_long":
            message = f"{label}不能超过 {error['ctx']['max_length']} 字"
        elif "date" in error["type"]:
            message = f"{label}请按 2026-03-16 的格式填写"
        else:
            message = f"请选择{label}"
        errors.setdefault(name, message)
    order = {name: place for place, name in enumerate(model.model_fields)}
    return FormInvalid(dict(sorted(errors.items(), key=lambda pair: order[pair[0]])), dict(sent))
