"""What may be asked of the list of the ledger: an address that asks for something else is told so, field by field.

The API refuses such an address; the page passes the field over and says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.ledger import listing
from services.ledger.points import day_of, instant_of
from services.ledger.rules import Vocabulary
from shared.clock import local_day, real_now
from shared.errors import QueryInvalid

CODED = {"type": "成果类型", "status": "转化状态", "stage": "成果阶段", "mode": "转化方式"}
FILTERED = {**CODED, "year": "取得年份", "college": "所属部门"}
SORTS = tuple(f"{sign}{key}" for key in listing.SORTS for sign in ("", "-"))
_CURSORS = ("after", "before")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
PARAMETERS = ("q", *CODED, "college", "year", "as_of", "known_at", "known_on", "sort", *_CURSORS, "limit")


@dataclass(frozen=True, slots=True)
class Fault:
    """One field of an address that asks for what there is not; ``allowed`` is empty where the values are not a list."""

    field: str
    label: str
    message: str
    allowed: tuple[str, ...] = ()

    def as_error(self) -> dict[str, Any]:
        """As the problem document has it, in the form of the framework's own errors."""
        told = {"key": self.field, "source": "query", "message": self.message}
        return {**told, "allowed": list(self.allowed)} if self.allowed else told


def faults(query: Mapping[str, str], words: Vocabulary, today: date) -> list[Fault]:
    """Everything in an address that cannot be asked, in the order of the filters; an empty text asks nothing."""
    asked = {name: value for name, value in query.items() if value}
    found = [_code(name, asked[name], words) for name in CODED if name in asked]
    found += [_year(asked.get("year", "")), _day(asked.get("as_of", ""), today), _instant(asked.get("known_at", ""))]
    found.append(_known_day(asked.get("known_on", ""), asked.get("known_at", "")))
    sort = asked.get("sort", "-number")
    if sort not in SORTS:
        found.append(Fault("sort", "排序", "没有这种排序", SORTS))
    if all(name in asked for name in _CURSORS):
        found.append(Fault("before", "翻页位置", "after 与 before 只能给出一个"))
    else:
        for name in _CURSORS:
            # a place in an order that there is not is no place
            if name in asked and not (sort in SORTS and listing.is_cursor(asked[name], sort)):
                words_of_it = "翻页位置无效：请原样使用同一排序下上一次返回的 next 或 previous"
                found.append(Fault(name, "翻页位置", words_of_it))
    return [one for one in found if one is not None]


def require(query: Mapping[str, str], words: Vocabulary, today: date) -> None:
    """For a machine, which would take an answer for what it asked: an unknown parameter is a fault too.

    :raises QueryInvalid: every fault at once, with the values that are allowed.
    """
    found = [Fault(name, name, "没有这个参数", PARAMETERS) for name in dict.fromkeys(query) if name not in PARAMETERS]
    found += faults(query, words, today)
    if found:
        raise QueryInvalid([one.as_error() for one in found])


def _code(name: str, code: str, words: Vocabulary) -> Fault | None:
    known = tuple(code for code, _ in words.pairs(name))
    return None if code in known else Fault(name, CODED[name], "没有这个代码", known)


def _year(value: str) -> Fault | None:
    if not value or (value.isascii() and value.isdigit() and _FIRST_YEAR <= int(value[:5]) <= _LAST_YEAR):
        return None
    return Fault("year", "取得年份", f"年份应在 {_FIRST_YEAR} 至 {_LAST_YEAR} 之间，如 2025")


def _day(value: str, today: date) -> Fault | None:
    day = day_of(value)
    if not value or (day is not None and day <= today):
        return None
    return Fault(
        "as_of", "历史时点", "应为不晚于今天的日期，如 2025-12-31" if day is None else f"不能晚于今天（{today}）"
    )


def _instant(value: str) -> Fault | None:
    if not value or instant_of(value) is not None:
        return None
    return Fault("known_at", "当时所知", "应为带时区的时刻，如 2026-03-16T09:00:00+08:00")


def _known_day(value: str, instant: str) -> Fault | None:
    day = day_of(value)
    if not value or (day is not None and day <= local_day(real_now()) and not instant):
        return None
    if instant:
        return Fault("known_on", "当时所知", "known_at 与 known_on 只能给出一个")
    return Fault("known_on", "当时所知", "应为不晚于今天（实际日期）的日期，如 2026-03-16")


def chips_of(filters: listing.Filters, words: Vocabulary) -> list[tuple[str, str, str]]:
    """(label, value, the filter's name in an address) of everything that is filtered, but for the day."""
    found = [("查找", filters.q, "q")] if filters.q else []
    for name, label in FILTERED.items():
        value = str(getattr(filters, name) or "")
        if value:
            found.append((label, words.label(name, value) if name in CODED else value, name))
    return found
