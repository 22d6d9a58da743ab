"""Forms of the activation, and what a search of rules asks for."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.forms import Form, Line, empty_is_none
from shared.policy.words import MODALITIES


class ProposalForm(Form):
    """提议启用."""

    effective_on: Annotated[date, BeforeValidator(empty_is_none)] = Field(title="生效日期")


class WithdrawalForm(Form):
    """撤回提议."""

    reason: Line = Field(title="撤回原因")


class RevocationForm(Form):
    """提议撤销."""

    revocation: Line = Field(title="撤销原因")


def read_search(query: Mapping[str, str]) -> dict[str, str]:
    """What a search of rules asks for: words, one force, only what nobody has seen; unknown values count as not asked."""
    force = query.get("force", "")
    return {
        "q": query.get("q", "").strip()[:100],
        "force": force if force in MODALITIES.values() else "",
        "unseen": "1" if query.get("unseen") == "1" else "",
    }
