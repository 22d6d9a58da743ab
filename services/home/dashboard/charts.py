"""What the dashboard draws, from the same values as its tables."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.home.dashboard.queries import Income, Stock
from shared.ui.words import WAN, day


def stock_chart(stock: Stock, counts: Mapping[str, Sequence[int]], labels: Mapping[str, str]) -> dict[str, Any]:
    """Stacked bars, one a day."""
    return {
        "kind": "bar",
        "stacked": True,
        "whole": True,
        "unit": "项",
        "categories": [day(one)[2:] for one in stock.days],
        "totals": stock.totals,
        "series": [{"name": label, "data": counts[code]} for code, label in labels.items() if code in counts],
    }


def funnel_chart(steps: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """One bar a step, from disclosure down to money."""
    return {
        "kind": "bar-horizontal",
        "whole": True,
        "unit": "项",
        "categories": [label for label, _ in steps],
        "series": [{"name": "成果", "data": [n for _, n in steps], "tone": "ok"}],
    }


def income_chart(years: Sequence[Income], labels: Mapping[str, str]) -> dict[str, Any]:
    """Amounts in 万元 by year, modes upon each other."""
    return {
        "kind": "bar",
        "stacked": True,
        "unit": "万元",
        "categories": [str(one.year) if one.year else "未载明日期" for one in years],
        "totals": [one.total / WAN for one in years],
        "series": [
            {"name": label, "data": [one.amounts.get(code, Decimal(0)) / WAN for one in years]}
            for code, label in labels.items()
        ],
    }


def received_chart(years: Sequence[Income]) -> dict[str, Any]:
    """What was agreed beside what came in, in 万元 by year; years without a day are left to the table."""
    dated = [one for one in years if one.year]
    return {
        "kind": "bar",
        "unit": "万元",
        "categories": [str(one.year) for one in dated],
        "series": [
            {"name": "合同金额", "data": [one.total / WAN for one in dated], "tone": "none"},
            {"name": "到账金额", "data": [(one.received or Decimal(0)) / WAN for one in dated], "tone": "ok"},
        ],
    }
