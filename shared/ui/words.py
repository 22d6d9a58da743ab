"""How values are written on a page: dates and days in Chinese, money in yuan or 万元, shares, sizes.

Empty is not zero: every function gives ``EMPTY`` for None, or the word the caller names.
"""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from markupsafe import Markup, escape

from shared.clock import SHANGHAI

EMPTY = "—"
WAN = Decimal(10_000)
_WEEKDAYS = "一二三四五六日"
_KEPT = re.compile(
    r"((?:征求意见|公示)至 \d{4}-\d\d-\d\d|\d{4}-\d\d-\d\d|第 [\d,]+/[\d,]+ 天|\d+ 个工作日"
    r"|第[一二三四五六七八九十]+条（[一二三四五六七八九十]+）|\d+ [条家项天件次]|（第[^（）]*（[^）]*）））)"
)


@lru_cache(maxsize=8192)
def keep(text: str) -> Markup:
    """The text with dates, counts and article numbers kept from breaking across lines."""
    pieces = _KEPT.split(str(text))
    return Markup("").join(
        Markup('<span class="nowrap">{}</span>').format(piece) if index % 2 else escape(piece)
        for index, piece in enumerate(pieces)
    )


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        return value.astimezone(SHANGHAI)
    return value


def day(value: date | datetime | None, empty: str = EMPTY) -> str:
    """``2026-03-16``: the legal day in Asia/Shanghai."""
    return empty if value is None else _local(value).strftime("%Y-%m-%d")


def day_long(value: date | datetime | None, empty: str = EMPTY) -> str:
    """``2026 年 3 月 16 日　星期一``."""
    if value is None:
        return empty
    local = _local(value)
    return f"{local.year} 年 {local.month} 月 {local.day} 日　星期{_WEEKDAYS[local.weekday()]}"


def moment(value: datetime | None, empty: str = EMPTY) -> str:
    """``2026-03-16 09:00`` in Asia/Shanghai."""
    return empty if value is None else _local(value).strftime("%Y-%m-%d %H:%M")


def days_left(due: date | None, today: date, empty: str = "未规定期限", *, lapses: bool = False) -> str:
    """``剩 3 天``, ``今天截止``, ``已逾期 2 天``; of a period that ends by itself (``lapses``) ``今天届满``, ``已届满 2 天``."""
    if due is None:
        return empty
    left = (due - today).days
    if left == 0:
        return "今天届满" if lapses else "今天截止"
    return f"剩 {left} 天" if left > 0 else f"已{'届满' if lapses else '逾期'} {-left} 天"


def urgency(due: date | None, today: date) -> str:
    """The colour of a deadline: red up to 2 days before and after, orange up to 7, else secondary."""
    if due is None:
        return "secondary"
    left = (due - today).days
    return "red" if left <= 2 else "orange" if left <= 7 else "secondary"


def yuan(value: Decimal | int | None, empty: str = EMPTY) -> str:
    """``1,000,000.00``: yuan with two places."""
    return empty if value is None else f"{Decimal(value):,.2f}"


def money(value: Decimal | int | None, empty: str = EMPTY, places: int | None = None) -> str:
    """Yuan shown in 万元: ``22,730.06``. Exact, with two to six places; ``places`` rounds (half up) for totals only."""
    if value is None:
        return empty
    wan = Decimal(value) / WAN
    if places is not None:
        return f"{wan.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"
    exact = max(2, min(6, -int(wan.normalize().as_tuple().exponent)))
    return f"{wan:,.{exact}f}"


def share(value: Fraction | None, empty: str = EMPTY) -> str:
    """``70%`` when exact in two places, else ``1/3（约 33.33%）``."""
    if value is None:
        return empty
    scaled = value * 10_000
    percent = Decimal(round(scaled)) / 100
    words = f"{percent.normalize():f}%"
    return words if scaled.denominator == 1 else f"{value.numerator}/{value.denominator}（约 {percent:.2f}%）"


def of_year(label: str, year: int) -> str:
    """``2025 年度科技成果转化年度报告``; a report whose own name begins with 年度 says it once."""
    return f"{year} {label}" if label.startswith("年度") else f"{year} 年度{label}"


def count(value: int | None, empty: str = EMPTY) -> str:
    """``6,318``."""
    return empty if value is None else f"{value:,}"


def size(value: int | None, empty: str = EMPTY) -> str:
    """``14 KB``, ``2.5 MB``: bytes, in units of 1024."""
    if value is None:
        return empty
    if value < 1024:
        return f"{value} B"
    for unit, bytes_each in (("KB", 1024), ("MB", 1024**2), ("GB", 1024**3)):
        if value < bytes_each * 1024 or unit == "GB":
            amount = value / bytes_each
            return f"{amount:.1f} {unit}" if amount < 10 and amount != int(amount) else f"{amount:.0f} {unit}"
    raise AssertionError(value)
