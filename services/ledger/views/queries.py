"""What stands beside the list: how many of what is filtered have which value; the saved views of a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, or_, select, text

from services.ledger.listing import Filters, as_seen, conditions_of
from services.ledger.models import ledger_total
from services.ledger.views.models import ledger_view
from shared.db.hot import HotStatement
from shared.db.transaction import Transaction
from tenants.people import person

# A filter to what its value is in a row.
FACETS: Mapping[str, str] = {
    "type": "a.type",
    "status": "a.status",
    "stage": "coalesce(a.stage_recognised, '')",
    "mode": "coalesce(a.mode, '')",
    "year": "coalesce(extract(year from a.obtained_on)::int::text, '')",
    "college": "coalesce(a.college, '')",
}
BOUND = 20_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows have which value of one filter, with the other filters holding; the empty value is none stated.

    ``complete`` is false where more than :data:`BOUND` rows would have to be counted: these are the first ones only.
    """

    counts: Mapping[str, int]
    complete: bool


async def facet_counts(tx: Transaction, filters: Filters, names: Sequence[str]) -> dict[str, Counted]:
    """The values of these filters by how many rows they would leave, each counted with all the others holding.

    Where nothing else is filtered the kept totals say it; else the rows are counted, in one statement for all.
    """
    others = {name: replace(filters, **{name: None if name == "year" else ""}) for name in names}  # type: ignore[arg-type]
    kept = [name for name in names if others[name] == Filters()]
    counted = await _from_totals(tx, kept) if kept else {}
    rest = [name for name in names if name not in kept]
    if rest:
        parts, values = [], dict[str, Any](tenant=tx.tenant_id, bound=BOUND + 1)
        for name in rest:
            source, where, asked = conditions_of(as_seen(tx, others[name]))
            values |= asked
            parts.append(
                f"select '{name}' as facet, value, count(*) as n from (select {FACETS[name]} as value from {source} a "
                f"where {where} limit :bound) counted group by 2"
            )
        rows = await HotStatement(text(" union all ".join(parts))).fetch(tx.driver, values)
        for name in rest:
            counts = {row["value"]: row["n"] for row in rows if row["facet"] == name}
            counted[name] = Counted(counts, sum(counts.values()) <= BOUND)
    return counted


async def _from_totals(tx: Transaction, names: Sequence[str]) -> dict[str, Counted]:
    table = ledger_total
    rows = await tx.rows(
        select(table.c.dimension, table.c.first, table.c.n).where(
            table.c.tenant_id == tx.tenant_id, table.c.dimension.in_(names), table.c.second == "", table.c.n > 0
        )
    )
    return {name: Counted({row.first: row.n for row in rows if row.dimension == name}, True) for name in names}


async def views_for(tx: Transaction) -> Sequence[Row[Any]]:
    """The person's own views, then those that others share, by name; ``own`` and ``owner`` (a name) say whose."""
    table = ledger_view
    return await tx.rows(
        select(table, (table.c.person_id == tx.actor.person_id).label("own"), person.c.name.label("owner"))
        .join(person, (person.c.tenant_id == table.c.tenant_id) & (person.c.id == table.c.person_id))
        .where(table.c.tenant_id == tx.tenant_id, or_(table.c.person_id == tx.actor.person_id, table.c.shared))
        .order_by((table.c.person_id == tx.actor.person_id).desc(), table.c.name, table.c.id)
    )


async def own_view(tx: Transaction, view_id: UUID, *, locked: bool = False) -> Row[Any] | None:
    """One view of the person who asks."""
    table = ledger_view
    found = select(table).where(
        table.c.tenant_id == tx.tenant_id, table.c.id == view_id, table.c.person_id == tx.actor.person_id
    )
    return await tx.row(found.with_for_update() if locked else found)


async def names_a_person(tx: Transaction, words: str) -> bool:
    """Whether words that are looked for begin the name, or the given name, of somebody of the institution."""
    wanted = words.strip()
    names = (
        person.c.tenant_id == tx.tenant_id,
        or_(person.c.name.startswith(wanted, autoescape=True), person.c.name_rest.startswith(wanted, autoescape=True)),
    )
    return bool(await tx.scalar(select(exists().where(*names))))
