"""Revoking everything that one import registered, set-based: what ``workflow.revoke`` does to one, done to all at once.

Nothing is updated away: the versions known until now end, a revoked one begins, the numbers stay used with their mark. The
import's own move says who and why; the state of its rows follows from it here, as it came with the intake.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Row, Table, select, text

from services.ledger.history import ACHIEVEMENTS
from services.ledger.intake import STEPS
from services.ledger.models import achievement
from services.ledger.past.changes import follow_undoing
from services.ledger.totals import COUNTED, UPSERT, ask_for_roll_up
from shared.db.transaction import Transaction

# What registering itself writes beside an achievement; every other table that names one was filled by somebody's act.
OWN = frozenset(re.findall(r"\binsert into app\.(\w+)", "".join(STEPS)))
_STATES = {"quarantined": "已隔离", "revoked": "已撤销"}
_REFERRED = {
    "empowerment_application": "已申请赋权",
    "notice": "已发起公示",
    "report_row": "已计入年度报告",
    "disclosure": "已与成果披露关联",
    "ledger_paper": "已上传佐证材料",
    "right_handover": "已登记权利丧失",
    "screening_item": "已列入筛查",
}
_OTHERWISE = "已被其他事项引用"
_NAMED = 20

_MINE = "tenant_id = :tenant and import_id = :import"
_IDS = f"(select id from app.achievement where {_MINE})"
_WRITTEN = ", ".join(name for name in ACHIEVEMENTS.copied if name != "state")


@dataclass(frozen=True, slots=True)
class Touched:
    """A registered row that somebody has used since: its number, its name, and what happened to it."""

    code: str
    name: str
    what: str


def _mine(tx: Transaction, import_id: UUID) -> dict[str, Any]:
    return {"tenant": tx.tenant_id, "import": import_id}


async def lock_registered(tx: Transaction, import_id: UUID) -> None:
    """Hold every achievement of an import until the end of the transaction, so that nobody touches one meanwhile."""
    await tx.execute(text(f"select 1 from app.achievement where {_MINE} order by id for update"), _mine(tx, import_id))


async def touched_rows(
    tx: Transaction, import_id: UUID, *, own: Mapping[UUID, int] | None = None, limit: int = _NAMED
) -> Sequence[Touched]:
    """Rows of an import that were changed since, or that another act names; by number, the first ones.

    ``own``: how many changes of an achievement are the import's own.
    """
    changed = await tx.rows(
        text(
            f"select number, code, name, state, revision from app.achievement a left join unnest(cast(:ids as uuid[]), "
            f"cast(:changes as integer[])) as o (id, changes) on o.id = a.id where {_MINE} "
            "and (revision > 1 + coalesce(o.changes, 0) or state <> 'registered') order by number limit :limit"
        ),
        {**_mine(tx, import_id), "limit": limit, "ids": list(own or {}), "changes": list((own or {}).values())},
    )
    found = {row.number: Touched(row.code, row.name, _change(row)) for row in changed}
    for table, column in referring():
        rows = await tx.rows(
            select(achievement.c.number, achievement.c.code, achievement.c.name)
            .where(
                achievement.c.tenant_id == tx.tenant_id,
                achievement.c.import_id == import_id,
                achievement.c.id.in_(select(column).where(table.c.tenant_id == tx.tenant_id, column.is_not(None))),
            )
            .order_by(achievement.c.number)
            .limit(limit)
        )
        for row in rows:
            found.setdefault(row.number, Touched(row.code, row.name, _REFERRED.get(table.name, _OTHERWISE)))
    return [found[number] for number in sorted(found)[:limit]]


def _change(row: Row[Any]) -> str:
    if row.state in _STATES:
        return _STATES[row.state]
    return f"登记后已更正或登记转化，现为第 {row.revision} 版"


def referring() -> Iterator[tuple[Table, Column[Any]]]:
    """(table, column) of every foreign key to an achievement but the ledger's own, whichever slice it belongs to."""
    for table in sorted(achievement.metadata.tables.values(), key=lambda one: one.name):
        if table.name in OWN:
            continue
        for key in table.foreign_key_constraints:
            if key.referred_table is achievement:
                yield table, next(one.parent for one in key.elements if one.column is achievement.c.id)


async def revoke_registered(tx: Transaction, import_id: UUID, reason: str) -> int:
    """Revoke all achievements of an import from their beginning; the caller has locked them and looked for touched ones.

    Returns how many. Names and right numbers are free again; totals follow in the same transaction.
    """
    values = {**_mine(tx, import_id), "reason": reason, "actor": tx.actor.person_id, "at": await tx.recorded_now()}
    done = await tx.execute(text(f"select 1 from app.achievement where {_MINE}"), _mine(tx, import_id))
    await follow_undoing(tx, import_id, values["at"])
    for step in _STEPS:
        used = {name: value for name, value in values.items() if f":{name}" in step}
        await tx.execute(text(step), used | (_scope(tx) if ":province" in step else {}))
    ask_for_roll_up(tx)
    return len(done.all())


def _scope(tx: Transaction) -> dict[str, Any]:
    return {"province": tx.province_id, "department": tx.scope.department_id}


_STEPS = (
    # Totals are taken back while the rows still count.
    "insert into app.ledger_total as t "
    "(tenant_id, province_id, department_id, dimension, first, second, n, n_valued, sum) "
    "select :tenant, :province, :department, c.dimension, c.first, c.second, -c.n, -c.n_valued, -c.sum from ("
    + COUNTED.format(source="app.achievement", where=f"where {_MINE} and state = 'registered'")
    + " order by 1, 2, 3) as c "
    + UPSERT,
    "update app.achievement_version set recorded = tstzrange(lower(recorded), cast(:at as timestamptz)) "
    f"where tenant_id = :tenant and upper_inf(recorded) and id in {_IDS}",
    f"insert into app.achievement_version (tenant_id, id, version, held, recorded, state, {_WRITTEN}, reason, actor_id, "
    "revision) select tenant_id, id, gen_random_uuid(), held, tstzrange(cast(:at as timestamptz), null), 'revoked', "
    f"{_WRITTEN}, cast(:reason as text), cast(:actor as uuid), revision + 1 from app.achievement_version "
    f"where tenant_id = :tenant and upper(recorded) = cast(:at as timestamptz) and id in {_IDS}",
    "update app.ledger_number set revoked_at = cast(:at as timestamptz), reason = cast(:reason as text) "
    f"where tenant_id = :tenant and achievement_id in {_IDS}",
    f"update app.achievement_right set live = false where tenant_id = :tenant and achievement_id in {_IDS}",
    f"delete from app.achievement_gram where tenant_id = :tenant and achievement_id in {_IDS}",
    "update app.achievement set state = 'revoked', revision = revision + 1, recorded_at = cast(:at as timestamptz) "
    f"where {_MINE}",
)
