"""Columns that choose from a list: status, method, stage, frequency, secrecy level."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.text import compact
from services.ledger.reading.vocabulary import (
    METHOD_WORDS,
    NOTHING,
    OTHER_METHOD,
    STAGE_WORDS,
    STATUS_WORDS,
    UNCONVERTED,
    YES_NO_STATUS,
)

_NOTE = re.compile(r"\([^()]*\)$")
_METHOD_SEPARATORS = re.compile(r"[/、,;+和及与]+")
_FAILED = re.compile("终止|破裂|失败|取消|未成|放弃|解除|中止")
_STAGE_SIGNS: Final = {
    "小试": "研究阶段",
    "实验": "研究阶段",
    "中试": "开发阶段",
    "样机": "开发阶段",
    "产业化": "开发阶段",
}
_FREQUENCY = re.compile(r"(?:共|计)?(\d{1,4}|[零〇一二两三四五六七八九十]{1,3})(?:次|项|家|个)?")
_CHINESE_DIGITS: Final = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}


class Choice(msgspec.Struct, frozen=True, gc=False):
    """A chosen value. `code` refuses or asks; `warning` was settled; `value` is the best reading."""

    value: str | None = None
    code: str | None = None
    warning: str | None = None


def read_status(profile: LedgerProfile, text: str, *, asks: bool) -> Choice:
    """The conversion status; `asks`: the header is a question (是否转化), answered by 是 or 否."""
    key = compact(text)
    if key in NOTHING:
        return Choice(code="status_missing")
    status = (YES_NO_STATUS.get(key) if asks else None) or STATUS_WORDS.get(key)
    if status is None:
        # A conversion that came to nothing leaves the achievement as it was; a person confirms.
        return Choice(UNCONVERTED if _FAILED.search(key) else None, code="status_unknown")
    return Choice(status) if status in profile.statuses else Choice(code="status_not_in_pack")


def read_method(profile: LedgerProfile, text: str) -> Choice:
    """The method of conversion; one outside the province's list becomes its 其他, where it has one."""
    key = compact(text)
    if key in NOTHING:
        return Choice()
    method = METHOD_WORDS.get(key) or METHOD_WORDS.get(_NOTE.sub("", key))
    if method is None:
        parts = [part for part in _METHOD_SEPARATORS.split(key) if part]
        several = len(parts) > 1 and all(part in METHOD_WORDS for part in parts)
        return Choice(code="method_multiple" if several else "method_unknown")
    if method in profile.methods:
        return Choice(method)
    if OTHER_METHOD in profile.methods:
        return Choice(OTHER_METHOD, warning="method_mapped_to_other")
    return Choice(code="method_unknown")


def read_stage(profile: LedgerProfile, text: str) -> Choice:
    """The stage as declared; empty is the province's default, with a warning."""
    key = compact(text)
    if key in NOTHING:
        return Choice(profile.default_stage, warning="stage_empty_default_research")
    stage = STAGE_WORDS.get(key)
    if stage is None:
        likely = next((named for word, named in _STAGE_SIGNS.items() if word in key), None)
        return Choice(likely if likely in profile.stages else None, code="stage_unknown")
    return Choice(stage) if stage in profile.stages else Choice(code="stage_unknown")


def read_frequency(text: str) -> tuple[int | None, bool]:
    """The number of conversions, and whether the text could be read at all."""
    key = compact(text)
    if key in NOTHING:
        return None, True
    match = _FREQUENCY.fullmatch(key)
    if match is None:
        return None, False
    return _small_number(match[1]), True


def _small_number(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _CHINESE_DIGITS.get(text)
    return (_CHINESE_DIGITS.get(tens, 1) if tens else 1) * 10 + (_CHINESE_DIGITS.get(ones, 0) if ones else 0)
