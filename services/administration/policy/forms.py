"""Forms of the activation: every error at once."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import FormInvalid
from shared.policy.words import MODALITIES


class ProposalForm(BaseModel):
    """提议启用."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    effective_on: date = Field(title="生效日期")


class WithdrawalForm(BaseModel):
    """撤回提议."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    reason: str = Field(min_length=1, max_length=200, title="撤回原因")


def read_proposal(sent: Mapping[str, Any]) -> ProposalForm:
    """:raises FormInvalid: the day is missing or none, the value kept."""
    try:
        return ProposalForm.model_validate(dict(sent))
    except ValidationError as wrong:
        empty = not str(sent.get("effective_on", "")).strip()
        message = "请填写生效日期" if empty else "没有这一天；生效日期请按 2026-03-16 的格式填写"
        raise FormInvalid({"effective_on": message}, dict(sent)) from wrong


def read_withdrawal(sent: Mapping[str, Any]) -> WithdrawalForm:
    """:raises FormInvalid: the reason is missing or too long, the value kept."""
    try:
        return WithdrawalForm.model_validate(dict(sent))
    except ValidationError as wrong:
        empty = not str(sent.get("reason", "")).strip()
        message = "请填写撤回原因" if empty else "撤回原因不能超过 200 字"
        raise FormInvalid({"reason": message}, dict(sent)) from wrong


class RevocationForm(BaseModel):
    """提议撤销."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    revocation: str = Field(min_length=1, max_length=200, title="撤销原因")


def read_revocation(sent: Mapping[str, Any]) -> RevocationForm:
    """:raises FormInvalid: the reason is missing or too long, the value kept."""
    try:
        return RevocationForm.model_validate(dict(sent))
    except ValidationError as wrong:
        empty = not str(sent.get("revocation", "")).strip()
        message = "请填写撤销原因" if empty else "撤销原因不能超过 200 字"
        raise FormInvalid({"revocation": message}, dict(sent)) from wrong


def read_search(query: Mapping[str, str]) -> dict[str, str]:
    """What a search of rules asks for: words, one force, only what nobody has seen; unknown values count as not asked."""
    force = query.get("force", "")
    return {
        "q": query.get("q", "").strip()[:100],
        "force": force if force in MODALITIES.values() else "",
        "unseen": "1" if query.get("unseen") == "1" else "",
    }
