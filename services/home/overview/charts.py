"""What the home draws, from the same values as its tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from services.annual_report.reviewing.deals import Deals
from services.home.overview.queries import Standing
from shared.ui.words import WAN


def deals_chart(deals: Deals, year: int, standings: Sequence[Standing]) -> dict[str, Any]:
    """Amounts in 万元 by year, modes upon each other; the reporting year is pale while units are missing."""
    years = [one for one in deals.years if one.shown]
    complete = bool(standings) and standings[0].missing + standings[0].returned == 0 and standings[0].total > 0
    pale = [place for place, one in enumerate(years) if one.year == year and not complete]
    return {
        "kind": "bar",
        "stacked": True,
        "unit": "万元",
        "categories": [str(one.year) for one in years],
        "totals": [one.total / WAN for one in years],
        "series": [
            {"name": label, "data": [one.amounts.get(code, Decimal(0)) / WAN for one in years], "pale": pale}
            for code, label in deals.modes.items()
        ],
    }
