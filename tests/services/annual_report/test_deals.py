"""Contracts of received reports by year: sums by mode, growth over the same units alone, one unit never shown."""

from decimal import Decimal
from uuid import UUID

import pytest

from services.annual_report.reviewing.deals import Deals, Received, by_year

A, B, C = (UUID(int=number) for number in (1, 2, 3))
MODES = {"assignment": "转让", "licence": "许可"}


def line(mode: str, amount: int, contracts: int = 1, valued: int = 1) -> dict[str, object]:
    return {
        "dimension": "deal", "value": mode, "label": MODES.get(mode, ""), "closing": contracts, "n_valued": valued,
        "amount": str(amount),
    }  # fmt: skip


def report(year: int, units: dict[UUID, int], *figures: dict[str, object], aggregate: bool = True) -> Received:
    return Received("r", year, aggregate, figures, {unit: Decimal(amount) for unit, amount in units.items()})


def test_amounts_are_added_by_mode_and_year() -> None:
    rows = [
        report(2025, {A: 30, B: 20}, line("licence", 20, 2), line("assignment", 30, 1, 1)),
        report(2025, {C: 5}, line("licence", 5, 3, 1)),
    ]
    deals = by_year(rows, MODES)
    (year,) = deals.years
    assert year.amounts == {"licence": 25, "assignment": 30}
    assert (year.total, year.contracts, year.valued, len(year.units)) == (Decimal(55), 6, 3, 3)
    assert list(deals.modes.items()) == [("assignment", "转让"), ("licence", "许可")]


@pytest.mark.parametrize(
    ("then", "now", "growth", "compared"),
    [
        ({A: 100, B: 100}, {A: 150, B: 90, C: 999}, Decimal("0.2"), 2),
        ({A: 100}, {A: 150, B: 50}, None, 1),
        ({A: 100, B: 100}, {C: 1}, None, 0),
        ({A: 0, B: 0}, {A: 5, B: 5}, None, 2),
    ],
    ids=["the newcomer is left out", "one common unit tells its own figure", "none", "from nothing"],
)
def test_growth_compares_only_units_of_both_years(
    then: dict[UUID, int], now: dict[UUID, int], growth: Decimal | None, compared: int
) -> None:
    deals = by_year([report(2025, now), report(2024, then)], MODES)
    found = deals.of(2025)
    assert found is not None
    assert (found.growth, found.compared) == (growth, compared)


def test_one_units_figures_are_not_shown_as_a_sum() -> None:
    deals: Deals = by_year([report(2025, {A: 30}, line("licence", 30)), report(2024, {A: 1, B: 2})], MODES)
    assert [(year.year, year.shown) for year in deals.years] == [(2024, True), (2025, False)]


def test_a_units_own_report_is_not_added_to_the_aggregate_that_holds_it() -> None:
    own = report(2025, {A: 30}, line("licence", 30), aggregate=False)
    whole = report(2025, {A: 30, B: 20}, line("licence", 50, 2))
    for rows in ([own, whole], [whole, own]):
        (year,) = by_year(rows, MODES).years
        assert (year.total, year.contracts) == (Decimal(50), 2)
