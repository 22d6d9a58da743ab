"""Totals: one cell per value of each dimension and per named pair, kept in the transaction that changes a row.

The same dimensions are told twice, for one row in Python and for many in SQL; a test recounts both.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db.hot import HotStatement
from shared.db.transaction import Transaction
from shared.tasks.broker import ask_soon

# Each dimension names the one or two values that a cell is counted under, as SQL over a row of ``achievement``.
_YEAR = "coalesce(extract(year from obtained_on)::int::text, '')"
DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "all": ("''", "''"),
    "type": ("type", "''"),
    "type_group": ("coalesce(type_group, '')", "''"),
    "status": ("status", "''"),
    "stage": ("coalesce(stage_recognised, '')", "''"),
    "mode": ("coalesce(mode, '')", "''"),
    "year": (_YEAR, "''"),
    "college": ("coalesce(college, '')", "''"),
    "type_status": ("type", "status"),
    "status_year": ("status", _YEAR),
    "mode_year": ("coalesce(mode, '')", _YEAR),
}
Cell = tuple[str, str, str]
Sums = dict[Cell, tuple[int, int, Decimal]]

UPSERT = """
on conflict (tenant_id, dimension, first, second) do update set
  n = t.n + excluded.n, n_valued = t.n_valued + excluded.n_valued, sum = t.sum + excluded.sum,
  department_id = excluded.department_id
"""
_CELLS = ", ".join(f"('{name}', {first}, {second})" for name, (first, second) in DIMENSIONS.items())
COUNTED = (
    "select cell.dimension, cell.first, cell.second, count(*) as n, count(value) as n_valued, "
    "coalesce(sum(value), 0) as sum from {source} cross join lateral "
    f"(values {_CELLS}) as cell (dimension, first, second) {{where}} group by 1, 2, 3"
)


_ADD = HotStatement(
    text(
        "insert into app.ledger_total as t (tenant_id, province_id, department_id, dimension, first, second, n, n_valued, sum) "
        "select cast(:tenant as uuid), cast(:province as uuid), cast(:department as uuid), c.* from unnest("
        "cast(:dimension as text[]), cast(:first as text[]), cast(:second as text[]), cast(:n as bigint[]), "
        "cast(:valued as bigint[]), cast(:amount as numeric[])) as c " + UPSERT
    )
)


def values_of(row: Any) -> Iterator[Cell]:
    """The cells that one row of the ledger counts in."""
    year = str(row.obtained_on.year) if row.obtained_on is not None else ""
    stage, mode, college, group = (
        row.stage_recognised or "",
        row.mode or "",
        row.college or "",
        row.type_group or "",
    )
    yield "all", "", ""
    yield "type", row.type, ""
    yield "type_group", group, ""
    yield "status", row.status, ""
    yield "stage", stage, ""
    yield "mode", mode, ""
    yield "year", year, ""
    yield "college", college, ""
    yield "type_status", row.type, row.status
    yield "status_year", row.status, year
    yield "mode_year", mode, year


def change_of(before: Any | None, after: Any | None) -> Sums:
    """What a change of one row does to the totals; rows that are not in the ledger's books count for nothing."""
    n: Counter[Cell] = Counter()
    valued: Counter[Cell] = Counter()
    amounts: dict[Cell, Decimal] = {}
    for row, sign in ((before, -1), (after, 1)):
        if row is None or row.state != "registered":
            continue
        for cell in values_of(row):
            n[cell] += sign
            valued[cell] += sign * (row.value is not None)
            amounts[cell] = amounts.get(cell, Decimal(0)) + sign * (row.value or 0)
    return {cell: (n[cell], valued[cell], amounts[cell]) for cell in n if n[cell] or valued[cell] or amounts[cell]}


async def add_change(tx: Transaction, change: Sums) -> None:
    """Add a change to the tenant's totals, cells in one order for all writers, and ask for the roll-up."""
    if not change:
        return
    cells = sorted(change)
    await _ADD.run(
        tx.driver,
        {
            **_scope(tx),
            "dimension": [cell[0] for cell in cells],
            "first": [cell[1] for cell in cells],
            "second": [cell[2] for cell in cells],
            "n": [change[cell][0] for cell in cells],
            "valued": [change[cell][1] for cell in cells],
            "amount": [change[cell][2] for cell in cells],
        },
    )
    ask_for_roll_up(tx)


async def add_intake(tx: Transaction, source: str) -> None:
    """Add every row of a registered set to the totals, in one statement."""
    await tx.execute(
        text(
            "insert into app.ledger_total as t "
            "(tenant_id, province_id, department_id, dimension, first, second, n, n_valued, sum) "
            "select :tenant, :province, :department, c.* from ("
            + COUNTED.format(source=source, where="")
            + " order by 1, 2, 3) as c "
            + UPSERT
        ),
        _scope(tx),
    )
    ask_for_roll_up(tx)


def _scope(tx: Transaction) -> dict[str, Any]:
    return {"tenant": tx.tenant_id, "province": tx.province_id, "department": tx.scope.department_id}


def ask_for_roll_up(tx: Transaction) -> None:
    """Have province and department totals follow within seconds of the commit; asked often, done once."""
    ask_soon(tx, "roll_up_totals", tx.tenant_id)


RECOUNT = text(COUNTED.format(source="app.achievement", where="where tenant_id = :tenant and state = 'registered'"))

_ROLL_UPS = tuple(
    text(
        f"insert into app.{table} ({keys}, dimension, first, second, n, n_valued, sum, institutions, rolled_up_at) "
        f"select {keys}, dimension, first, second, sum(n), sum(n_valued), sum(sum), count(*) filter (where n > 0), "
        "clock_timestamp() from app.ledger_total where province_id = :province and tenant_id not in "
        "(select o.id from app.organisation o where o.province_id = :province and o.kind = 'training') "
        f"group by {keys}, dimension, first, second order by {keys}, dimension, first, second "
        f"on conflict ({axis}, dimension, first, second) do update set n = excluded.n, n_valued = excluded.n_valued, "
        "sum = excluded.sum, institutions = excluded.institutions, rolled_up_at = excluded.rolled_up_at"
    )
    for table, axis, keys in (
        ("province_total", "province_id", "province_id"),
        ("department_total", "department_id", "department_id, province_id"),
    )
)


# What a department had only from institutions that have gone over to another one.
_LEFT_BEHIND = text(
    "update app.department_total d set n = 0, n_valued = 0, sum = 0, institutions = 0, rolled_up_at = clock_timestamp() "
    "where d.province_id = :province and d.institutions > 0 and not exists (select from app.ledger_total t "
    "where t.province_id = d.province_id and t.department_id = d.department_id and t.dimension = d.dimension "
    "and t.first = d.first and t.second = d.second)"
)


async def roll_up(tx: Transaction) -> None:
    """Add the institutions' totals up per province and per department, as ``worker_rollup``; cells never disappear, they
    become 0, so that two roll-ups at once end alike.
    """
    for statement in (*_ROLL_UPS, _LEFT_BEHIND):
        await tx.execute(statement, {"province": tx.province_id})


async def follow_department(tx: Transaction, department_id: UUID) -> int:
    """Count the tenant's totals for another competent department from now on; returns how many cells went over."""
    moved = await tx.execute(
        text(
            "update app.ledger_total set department_id = :department "
            "where tenant_id = :tenant and department_id <> :department"
        ),
        {"tenant": tx.tenant_id, "department": department_id},
    )
    if moved.rowcount:
        ask_for_roll_up(tx)
    return moved.rowcount
