"""Adding the institutions' changes up for the authorities, and reading the totals of a day from them."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Table, cast, func, literal, null, select, text

from services.ledger.past.models import department_total_change, ledger_total_change
from services.ledger.totals import ask_for_roll_up
from shared.db.transaction import Transaction
from tenants.registry import organisation

_KEY = "dimension, day, known_on, first, second"
# Only what became known on days of which something was written since the last time: a transaction that takes longer than a
# day to commit is found by nobody, and there is none.
_LAST = text(
    "select coalesce(max(rolled_up_at), timestamptz '2000-01-01 00:00+8') - interval '1 day' from app.department_total_change "
    "where province_id = :province"
)
_TOUCHED = "select distinct known_on from app.ledger_total_change where province_id = :province and changed_at >= :last"
_ROLLED_UP = text(
    f"insert into app.department_total_change (department_id, province_id, {_KEY}, n, n_valued, sum, rolled_up_at) "
    f"select department_id, province_id, {_KEY}, sum(n), sum(n_valued), sum(sum), clock_timestamp() "
    f"from app.ledger_total_change where province_id = :province and known_on in ({_TOUCHED}) and tenant_id not in "
    "(select o.id from app.organisation o where o.province_id = :province and o.kind = 'training') "
    f"group by department_id, province_id, {_KEY} order by department_id, {_KEY} "
    f"on conflict (department_id, {_KEY}) do update set n = excluded.n, n_valued = excluded.n_valued, sum = excluded.sum, "
    "rolled_up_at = excluded.rolled_up_at"
)
# What a department had only from institutions that have gone over to another one.
_LEFT_BEHIND = text(
    "update app.department_total_change d set n = 0, n_valued = 0, sum = 0, rolled_up_at = clock_timestamp() "
    f"where d.province_id = :province and d.known_on in ({_TOUCHED}) and (d.n <> 0 or d.n_valued <> 0 or d.sum <> 0) "
    "and not exists (select from app.ledger_total_change t where t.province_id = d.province_id "
    "and t.department_id = d.department_id and t.dimension = d.dimension and t.day = d.day and t.known_on = d.known_on "
    "and t.first = d.first and t.second = d.second)"
)


async def roll_up_changes(tx: Transaction) -> None:
    """Add the institutions' changes up per department, as ``worker_rollup``; running twice is once."""
    province = {"province": tx.province_id}
    last = await tx.scalar(_LAST, province)
    for statement in (_ROLLED_UP, _LEFT_BEHIND):
        await tx.execute(statement, {**province, "last": last})


async def follow_department(tx: Transaction, department_id: UUID) -> int:
    """Count all days of the tenant for another competent department from now on; returns how many cells went over."""
    table = ledger_total_change
    moved = await tx.execute(
        table.update()
        .where(table.c.tenant_id == tx.tenant_id, table.c.department_id != department_id)
        .values(department_id=department_id, changed_at=func.clock_timestamp())
    )
    if moved.rowcount:
        ask_for_roll_up(tx)
    return moved.rowcount


def _until(
    tx: Transaction, table: Table, dimension: str, day: date, known_on: date | None
) -> list[ColumnElement[bool]]:
    scoped = (
        table.c.province_id == tx.province_id
        if tx.scope.role == "web_science"
        else table.c.department_id == tx.scope.organisation_id
    )
    known = [] if known_on is None else [table.c.known_on <= known_on]
    return [scoped, table.c.dimension == dimension, table.c.day <= day, *known]


async def totals_then(tx: Transaction, dimension: str, day: date, known_on: date | None) -> Sequence[Row[Any]]:
    """The cells of the authority's institutions at the end of a legal day, as known at the end of a real one (now, by default),
    in the form of the roll-up of today; from how many institutions each comes is not kept, so it may be a single one.
    """
    table = department_total_change
    wanted = _until(tx, table, dimension, day, known_on)
    n, n_valued = (cast(func.sum(table.c[name]), BigInteger).label(name) for name in ("n", "n_valued"))
    amount = func.sum(table.c.sum).label("sum")
    told = (literal(1).label("institutions"), null().label("rolled_up_at"))
    found = select(table.c.first, table.c.second, n, n_valued, amount, *told).where(*wanted)
    return await tx.rows(found.group_by(table.c.first, table.c.second).having(func.sum(table.c.n) > 0))


async def institutions_then(tx: Transaction, day: date, known_on: date | None) -> Sequence[Row[Any]]:
    """(id, name, department_id, status, n) of every institution that had anything at the end of a day, by name."""
    table = ledger_total_change
    wanted = _until(tx, table, "status", day, known_on)
    n = cast(func.sum(table.c.n), BigInteger)
    own = (organisation.c.id, organisation.c.name, table.c.department_id, table.c.first.label("status"))
    return await tx.rows(
        select(*own, n.label("n"))
        .join(
            organisation,
            (organisation.c.id == table.c.tenant_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(*wanted, organisation.c.kind == "institution")
        .group_by(*own)
        .having(n > 0)
        .order_by(organisation.c.name, organisation.c.id)
    )
