"""Owners with exact shares: what a person typed, and whether it makes one whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from shared.forms import share_of
from shared.identifiers import credit_code

_LINE = re.compile(r"^(?P<name>.+?)(?:[\s　]+(?P<code>[0-9A-Z]{18}))?[\s　]+(?P<share>[\d.]+(?:/\d+)?[%％]?)$")
NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner: an organisation, or the completers as a team; ``share`` is an exact part of the whole."""

    name: str
    share: Fraction
    credit_code: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "credit_code": self.credit_code,
            "share": [self.share.numerator, self.share.denominator],
        }

    def as_line(self) -> str:
        return " ".join(part for part in (self.name, self.credit_code, str(self.share)) if part)


def owner_of(value: dict[str, Any]) -> Owner:
    """An owner out of a version's JSON."""
    return Owner(value["name"], Fraction(*value["share"]), value.get("credit_code"))


def owners_of(words: str) -> list[Owner]:
    """``名称 1/2`` per line, the unit's code between them where it is known.

    :raises ValueError: with the sentence for the form: a line without a share, a wrong code, one owner twice, not one whole.
    """
    owners: list[Owner] = []
    for line in filter(None, map(str.strip, words.splitlines())):
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"“{line[:30]}”没有写明比例，请写成“名称 1/2”或“名称 50%”")
        name, code = match["name"].strip(), match["code"]
        if len(name) > NAME_LIMIT:
            raise ValueError(f"名称过长：{name[:20]}…")
        if code and not credit_code(code).valid:
            raise ValueError(f"{name}的统一社会信用代码 {code} 校验不符，请核对")
        owners.append(Owner(name, share_of(match["share"]), code))
    fault = fault_of(owners)
    if fault:
        raise ValueError(fault)
    return owners


def fault_of(owners: Sequence[Owner]) -> str | None:
    """Why owners cannot stand together; no owners at all: nothing is recorded of them."""
    names = [owner.name for owner in owners]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return f"{twice}重复填写"
    if any(owner.share <= 0 for owner in owners):
        return "每个权利人的比例应当大于 0，没有份额的不填写"
    total = sum((owner.share for owner in owners), Fraction(0))
    if owners and total != 1:
        return f"各权利人的比例合计为 {percent(total)}，应当恰为 100%；除不尽的请用分数，如 1/3"
    return None


def percent(share: Fraction) -> str:
    """``100.01%`` where the number ends, else the fraction: a rounded sum could read 100%."""
    hundredfold = share * 100
    rest = hundredfold.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest != 1:
        return str(share)
    return f"{(Decimal(hundredfold.numerator) / Decimal(hundredfold.denominator)).normalize():f}%"
