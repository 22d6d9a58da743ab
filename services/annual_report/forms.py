"""Forms of the yearly reports: every error at once, values kept. Field names follow the pack's contents and figures."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from services.annual_report.figures import COLUMNS, STATABLE, Line
from shared.errors import NotFound
from shared.forms import Form, OptionalBody, plain
from shared.forms import Line as Words

TEXT_LIMIT = 10_000
REASON_LIMIT = 1_000
FIGURE_LIMIT = 10_000_000


class FreezeForm(Form):
    """冻结年末数据."""

    reason: OptionalBody = Field(default="", title="再次冻结的原因")


class DeadlineForm(Form):
    """本年度截止日期."""

    hand_over: Annotated[str, BeforeValidator(plain)] = Field(min_length=1, max_length=90, title="报告和环节")
    year: int = Field(ge=2000, le=2100, title="报告年度")
    due_on: date = Field(title="截止日期")
    document: Words = Field(title="依据文件")


def read_texts(sent: Mapping[str, Any], labels: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(texts by code, errors by field) of the narrative's form; ``labels`` of the parts by code."""
    texts, errors = {}, {}
    for code, label in labels.items():
        field = f"part:{code}"
        words = str(plain(sent.get(field, "")))
        if len(words) > TEXT_LIMIT:
            errors[field] = f"{label}不能超过 {TEXT_LIMIT} 字"
        texts[code] = words
    return texts, errors


def statable(lines: Iterable[Line]) -> list[Line]:
    """The lines whose figures an institution may state otherwise."""
    return [line for line in lines if line.dimension in STATABLE]


def read_figures(
    sent: Mapping[str, Any], lines: Iterable[Line], labels: Mapping[str, str]
) -> tuple[dict[str, dict[str, int]], str, dict[str, str]]:
    """(figures by line, reason, errors by field): whole numbers, none empty."""
    figures: dict[str, dict[str, int]] = {}
    errors: dict[str, str] = {}
    for line in statable(lines):
        own = figures[line.key] = {}
        for name, column in COLUMNS.items():
            field = f"{line.key}:{name}"
            words = str(plain(sent.get(field, "")))
            if words.isascii() and words.isdigit() and int(words) <= FIGURE_LIMIT:
                own[name] = int(words)
            else:
                errors[field] = f"{labels[line.key]}的{column}请填写整数"
    reason = str(plain(sent.get("reason", "")))
    if len(reason) > REASON_LIMIT:
        errors["reason"] = f"原因不能超过 {REASON_LIMIT} 字"
    return figures, reason, errors


def read_reasons(sent: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(reasons by field, errors by field) of a return; at least one reason is the verb's rule."""
    reasons, errors = {}, {}
    for field, label in fields.items():
        words = str(plain(sent.get(field, "")))
        if len(words) > REASON_LIMIT:
            errors[field] = f"{label}的退回原因不能超过 {REASON_LIMIT} 字"
        if words:
            reasons[field] = words
    return reasons, errors


def identifiers(sent: Iterable[str]) -> list[UUID]:
    """The ids that a form sends.

    :raises NotFound: one is none; no page of ours sends such.
    """
    try:
        return [UUID(one) for one in sent]
    except ValueError:
        raise NotFound from None
