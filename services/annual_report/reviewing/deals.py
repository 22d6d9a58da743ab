"""Contracts of the year, by mode and year, as the received reports state them; growth over the same units alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

ALONE = 1


@dataclass(frozen=True, slots=True)
class Received:
    """One received report: its contracts by mode, and what each unit in it states as its sum.

    ``figures`` are the payload's lines of the dimension ``deal``; ``units`` map a unit to its contracts' amount in yuan.
    """

    report: str
    year: int
    aggregate: bool
    figures: Sequence[Mapping[str, Any]]
    units: Mapping[UUID, Decimal]


@dataclass(slots=True)
class Year:
    """The contracts of one year. Amounts in yuan, exact; ``growth`` is None where fewer than two units can be compared."""

    year: int
    contracts: int = 0
    valued: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    units: dict[UUID, Decimal] = field(default_factory=dict)
    growth: Decimal | None = None
    compared: int = 0

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), Decimal(0))

    @property
    def shown(self) -> bool:
        """One unit's figures are read in its report, where the look is in its log; never here."""
        return len(self.units) > ALONE

    def take(self, received: Received) -> None:
        """Add a report; a unit's own is left out where a department's aggregate has it already."""
        if not received.aggregate and received.units.keys() <= self.units.keys():
            return
        self.units.update(received.units)
        for line in received.figures:
            self.contracts += int(line["closing"])
            self.valued += int(line["n_valued"])
            mode = str(line["value"])
            self.amounts[mode] = self.amounts.get(mode, Decimal(0)) + Decimal(line["amount"])


@dataclass(frozen=True, slots=True)
class Deals:
    """The years in order, the oldest first; ``modes`` are the codes that occur, in the order given, with labels."""

    years: Sequence[Year]
    modes: Mapping[str, str]

    def of(self, year: int) -> Year | None:
        return next((one for one in self.years if one.year == year), None)


def by_year(rows: Iterable[Received], order: Mapping[str, str]) -> Deals:
    """Add up received reports of one kind by year; ``order`` are the pack's modes with labels."""
    years: dict[int, Year] = {}
    labels: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: not row.aggregate):
        years.setdefault(row.year, Year(row.year)).take(row)
        labels |= {str(line["value"]): str(line["label"]) for line in row.figures if int(line["closing"])}
    found = [years[year] for year in sorted(years)]
    for one in found:
        _compare(one, years.get(one.year - 1))
    known = {code: label for code, label in order.items() if code in labels}
    return Deals(found, known | {code: label or "未填写" for code, label in labels.items() if code not in known})


def _compare(one: Year, before: Year | None) -> None:
    """Same scope: only units that reported in both years; a single unit's growth would be that unit's own figure."""
    common = set(one.units) & set(before.units) if before is not None else set()
    one.compared = len(common)
    if before is None or len(common) <= ALONE:
        return
    then = sum((before.units[unit] for unit in common), Decimal(0))
    now = sum((one.units[unit] for unit in common), Decimal(0))
    if then:
        one.growth = now / then - 1
