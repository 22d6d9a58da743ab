"""What a change of the ledger does to the totals of every day, written once at the end of its transaction.

A version that holds from one day until another adds its cells on the first and takes them away on the last; a version that is
no longer known takes away what it had added, on the day on which that became known. So the changes until a day add up to a
recount of the versions that hold on it. Versions of what is quarantined count on no day at all.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.ledger.totals import DIMENSIONS, ask_for_roll_up
from shared.clock import local_day
from shared.db.hot import HotStatement
from shared.db.transaction import Transaction

# What the console's views need; everything else of a day is told by the institution from its versions.
KEPT = ("status", "stage", "mode", "type_status", "status_year")
Cell = tuple[str, date, date, str, str]
_CELLS = ", ".join(f"('{name}', {DIMENSIONS[name][0]}, {DIMENSIONS[name][1]})" for name in KEPT)
_NAMES = "type, status, stage_recognised, mode, obtained_on, value"
_LOCAL = "at time zone 'Asia/Shanghai')::date"


def _changes(touched: str) -> str:
    """``touched`` gives the counted columns, ``held``, ``known_on`` and ``sign`` of versions."""
    return (
        "select cell.dimension, edge.day, v.known_on, cell.first, cell.second, sum(edge.sign)::bigint as n, "
        "coalesce(sum(edge.sign) filter (where v.value is not null), 0)::bigint as n_valued, "
        f"coalesce(sum(edge.sign * v.value), 0) as sum from ({touched}) v "
        "cross join lateral (values (lower(v.held), v.sign), (upper(v.held), -v.sign)) as edge (day, sign) "
        f"cross join lateral (values {_CELLS}) as cell (dimension, first, second) where edge.day is not null "
        "group by 1, 2, 3, 4, 5"
    )


# Versions that are no longer known since just now, as far as they reached beyond the day, and those that stand instead.
_CHANGED = HotStatement(
    text(
        _changes(
            f"select {_NAMES}, held * daterange(cast(:since as date), null) as held, cast(:known as date) as known_on, "
            "case when version = any(cast(:closed as uuid[])) then -1 else 1 end as sign from app.achievement_version "
            "where tenant_id = :tenant and id = :id and state = 'registered' and held && daterange(cast(:since as date), null) "
            "and (version = any(cast(:closed as uuid[])) or upper_inf(recorded))"
        )
    )
)
_INTAKE = text(
    _changes(
        f"select {_NAMES}, daterange(cast(:day as date), null) as held, cast(:known as date) as known_on, 1 as sign "
        "from pg_temp.ledger_intake"
    )
)
_UNDONE = text(
    _changes(
        f"select {_NAMES}, held, cast(:known as date) as known_on, -1 as sign from app.achievement_version "
        "where tenant_id = :tenant and state = 'registered' and upper_inf(recorded) and id in "
        "(select id from app.achievement where tenant_id = :tenant and import_id = :import)"
    )
)
_COUNTED = "from app.achievement_version where tenant_id = :tenant and id = :id and state = 'registered' "
# Everything that was ever counted of one achievement, each time with the day on which it became known.
_EVER = text(
    _changes(
        f"select {_NAMES}, held, (lower(recorded) {_LOCAL} as known_on, cast(:sign as integer) as sign "
        f"{_COUNTED} and not isempty(recorded) union all "
        f"select {_NAMES}, held, (upper(recorded) {_LOCAL}, - cast(:sign as integer) "
        f"{_COUNTED} and not isempty(recorded) and not upper_inf(recorded)"
    )
)
_ADDED = (
    "on conflict (tenant_id, dimension, day, known_on, first, second) do update set n = t.n + excluded.n, "
    "n_valued = t.n_valued + excluded.n_valued, sum = t.sum + excluded.sum, department_id = excluded.department_id, "
    "changed_at = clock_timestamp()"
)
_WRITTEN = HotStatement(
    text(
        "insert into app.ledger_total_change as t (tenant_id, province_id, department_id, dimension, day, known_on, first, "
        "second, n, n_valued, sum) select cast(:tenant as uuid), cast(:province as uuid), cast(:department as uuid), c.* "
        "from unnest(cast(:dimension as text[]), cast(:day as date[]), cast(:known as date[]), cast(:first as text[]), "
        "cast(:second as text[]), cast(:n as bigint[]), cast(:valued as bigint[]), cast(:amount as numeric[])) as c "
        + _ADDED
    )
)


def handed_over(tenant: str, ids: str) -> str:
    """The statement that counts, for the institution of a parameter's name, what became known ``:at`` one instant of the
    achievements that a query names; those versions are not of this transaction's other changes.
    """
    touched = (
        f"select {_NAMES}, held, (cast(:at as timestamptz) {_LOCAL} as known_on, "
        "case when lower(recorded) = cast(:at as timestamptz) then 1 else -1 end as sign from app.achievement_version "
        f"where tenant_id = :{tenant} and id in ({ids}) and state = 'registered' and not isempty(recorded) "
        "and (lower(recorded) = cast(:at as timestamptz) or upper(recorded) = cast(:at as timestamptz))"
    )
    return (
        "insert into app.ledger_total_change as t (tenant_id, province_id, department_id, dimension, day, known_on, first, "
        f"second, n, n_valued, sum) select cast(:{tenant} as uuid), cast(:province as uuid), "
        f"cast(:{tenant}_department as uuid), c.* from ({_changes(touched)} order by 1, 2, 3, 4, 5) as c "
        "where c.n <> 0 or c.n_valued <> 0 or c.sum <> 0 " + _ADDED
    )


async def follow_change(tx: Transaction, row_id: UUID, since: date, at: datetime, closed: Sequence[UUID]) -> None:
    """Count what a change of one achievement did: ``closed`` are the versions that it ended, known since ``at``."""
    key = {"tenant": tx.tenant_id, "id": row_id, "since": since, "known": local_day(at), "closed": list(closed)}
    _add(tx, await _CHANGED.fetch(tx.driver, key))


async def follow_intake(tx: Transaction, day: date, recorded: datetime) -> None:
    """Count what stands in ``ledger_intake``, which holds from a day on."""
    _add(tx, await _rows(tx, _INTAKE, {"day": day, "known": local_day(recorded)}))


async def follow_undoing(tx: Transaction, import_id: UUID, at: datetime) -> None:
    """Count that an import is undone: asked before its versions end."""
    _add(tx, await _rows(tx, _UNDONE, {"tenant": tx.tenant_id, "import": import_id, "known": local_day(at)}))


async def hide(tx: Transaction, row_id: UUID) -> None:
    """Have an achievement count on no day: asked after it was quarantined."""
    _add(tx, await _rows(tx, _EVER, {"tenant": tx.tenant_id, "id": row_id, "sign": -1}))


async def show_again(tx: Transaction, row_id: UUID) -> None:
    """Have an achievement count on every day as before: asked before its quarantine ends."""
    _add(tx, await _rows(tx, _EVER, {"tenant": tx.tenant_id, "id": row_id, "sign": 1}))


def forget(tx: Transaction) -> None:
    """Count nothing of what this transaction did so far: it was taken back."""
    _pending(tx).clear()


async def _rows(tx: Transaction, statement: Any, parameters: dict[str, Any]) -> Sequence[Any]:
    return [row._mapping for row in await tx.rows(statement, parameters)]


def _pending(tx: Transaction) -> dict[Cell, tuple[int, int, Decimal]]:
    found: dict[Cell, tuple[int, int, Decimal]] = tx.read_once.setdefault(follow_change, {})
    return found


def _add(tx: Transaction, rows: Sequence[Any]) -> None:
    pending = _pending(tx)
    for row in rows:
        cell = row["dimension"], row["day"], row["known_on"], row["first"], row["second"]
        n, valued, amount = pending.get(cell, (0, 0, Decimal(0)))
        pending[cell] = n + row["n"], valued + row["n_valued"], amount + row["sum"]
    if rows:
        tx.once_before_commit(f"ledger_total_change/{tx.tenant_id}", _write)
        ask_for_roll_up(tx)


async def _write(tx: Transaction) -> None:
    """In one statement and one order at the very end, so that two writers never wait for each other crosswise."""
    pending = {cell: values for cell, values in _pending(tx).items() if any(values)}
    _pending(tx).clear()
    if not pending:
        return
    cells = sorted(pending)
    keys = ("dimension", "day", "known", "first", "second")
    values: dict[str, Any] = {name: [cell[place] for cell in cells] for place, name in enumerate(keys)}
    values |= {name: [pending[one][place] for one in cells] for place, name in enumerate(("n", "valued", "amount"))}
    scope = {"tenant": tx.tenant_id, "province": tx.province_id, "department": tx.scope.department_id}
    await _WRITTEN.run(tx.driver, {**scope, **values})
