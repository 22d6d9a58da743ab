"""A report as it stands for one institution and year: row, form, figures and texts, gathered once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.annual_report import queries, rules
from services.annual_report.figures import Line, in_order, reported
from services.annual_report.payload import Frozen, content_of
from services.annual_report.queries import Stated
from services.annual_report.rules import Form
from shared.db.transaction import Transaction
from shared.errors import NotFound
from tenants.packs import Governing, governing

# In the institution's hands: not handed over yet, or given back.
OPEN = frozenset({"draft", "returned"})


@dataclass(frozen=True, slots=True)
class Standing:
    """``row`` is None before the first freeze. ``lines`` are the figures as reported, counted ones beside where they differ."""

    form: Form
    governed: Governing
    unit: Row[Any]
    given: Mapping[str, date]
    row: Row[Any] | None = None
    frozen: Frozen | None = None
    lines: Sequence[Line] = ()
    stated: Stated = field(default_factory=lambda: Stated({}, ""))
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def traits(self) -> list[str]:
        return rules.traits_of(central=self.unit.central)

    @property
    def id(self) -> UUID:
        """The report's id; only after the first freeze."""
        assert self.row is not None
        return UUID(str(self.row.id))

    def content(self, *, late: bool = False) -> dict[str, Any]:
        """What would be handed over now."""
        assert self.frozen is not None
        unit = {"id": str(self.unit.id), "name": self.unit.name, "unit_kind": self.unit.unit_kind}
        return content_of(
            self.form,
            unit,
            self.frozen,
            self.lines,
            self.texts,
            self.governed.pack,
            reason=self.stated.reason,
            late=late,
        )


async def forms_of(tx: Transaction, year: int, version_id: UUID | None = None) -> list[Form]:
    """The yearly reports of a reporting year for the transaction's own institution."""
    governed = await governing(tx, version_id)
    unit = await queries.unit_of(tx)
    traits = rules.traits_of(central=unit.central)
    return rules.forms(governed.pack, year, await queries.deadlines(tx, year), traits, tx.today)


async def _governing(tx: Transaction, row: Row[Any] | None) -> Governing:
    """The pack of a report: what was handed over keeps its own."""
    newest = await governing(tx)
    if row is None or row.pack_version_id == newest.id:
        return newest
    began = await governing(tx, row.pack_version_id)
    if row.state in OPEN and row.report in newest.pack.content.reports:
        version = rules.governing_version(row.report, began.id, newest.id, began.pack, tx.today)
        return newest if version == newest.id else began
    return began


async def standing(tx: Transaction, report: str, year: int, *, lock: bool = False) -> Standing:
    """The institution's report of a year; the form is that of the pack it was first frozen under, or of the newest one where the
    pack says so, until it is handed over.

    :raises NotFound: the pack has no such report, or no such year.
    """
    if not 2000 <= year <= tx.today.year:
        raise NotFound
    row = await queries.own_report(tx, report, year, lock=lock)
    governed = await _governing(tx, row)
    unit = await queries.unit_of(tx)
    given = await queries.deadlines(tx, year)
    traits = rules.traits_of(central=unit.central)
    form = next((one for one in rules.forms(governed.pack, year, given, traits, tx.today) if one.code == report), None)
    if form is None:
        raise NotFound
    mine = given.get(report, {})
    if row is None:
        return Standing(form, governed, unit, mine)
    stated = await queries.stated_figures(tx, row.id)
    counted = await queries.counted_lines(tx, row.id, row.freeze_number, governed.pack)
    return Standing(
        form,
        governed,
        unit,
        mine,
        row,
        await queries.newest_freeze(tx, row.id),
        in_order(reported(counted, stated.figures), queries.value_order(governed.pack)),
        stated,
        await queries.texts_of(tx, row.id),
    )
