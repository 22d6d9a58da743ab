"""Changing many achievements at once: first what would become of each, then the same in one transaction.

Each row is corrected by the ledger's own verb, so that it has its version, its event and its decisions as if it had been
corrected alone; one entry more in the log says that they belong together.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.ledger import rules, workflow
from services.ledger.entry import Entry
from services.ledger.models import achievement
from services.ledger.queries import entry_of
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Refusal, stale
from shared.ids import new_id
from tenants.packs import governing

CASE = "achievement_batch"
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one row: refused, or left as it is (``same``), or changed."""

    row: Row[Any]
    refusal: Refusal | None
    same: bool

    @property
    def changes(self) -> bool:
        return self.refusal is None and not self.same


async def chosen_rows(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The registered achievements among these of the tenant, in the order of their numbers."""
    return await tx.rows(
        select(achievement)
        .where(achievement.c.tenant_id == tx.tenant_id, achievement.c.id.in_(ids), achievement.c.state == "registered")
        .order_by(achievement.c.number)
    )


async def plan(tx: Transaction, rows: Sequence[Row[Any]], changes: Mapping[str, Any], since: date) -> list[Planned]:
    """What the rules say of the change, row by row; nothing is written."""
    pack = (await governing(tx)).pack
    found = []
    for row in rows:
        same = all(getattr(row, name) == value for name, value in changes.items())
        wanted = (await entry_of(tx, row)).with_(**changes)
        completed = rules.complete(wanted, pack, tx.today, exact=True)
        refusal = rules.wrong_day(since, row.began_on, tx.today) or completed.refusal or _revalued(row, completed.entry)
        found.append(Planned(row, None if same else refusal, same))
    return found


def _revalued(row: Row[Any], after: Entry) -> Refusal | None:
    """What an achievement was appraised at is not what it was sold for: somebody says the amount, one by one."""
    if row.value is None or after.value_kind == row.value_kind:
        return None
    message = "该成果登记的是评估价值，改为这一状态后会成为转化金额；请在成果页面逐项登记转化及其金额。"
    return Refusal("ledger.value_would_change", message)


def seal_of(planned: Sequence[Planned]) -> str:
    """What the person saw: every row at its revision with what would become of it."""
    told = ";".join(f"{one.row.id}:{one.row.revision}:{one.changes}" for one in planned)
    return hashlib.sha256(told.encode()).hexdigest()


async def apply(
    tx: Transaction, planned: Sequence[Planned], seal: str, changes: Mapping[str, Any], *, since: date, reason: str
) -> int | Refusal:
    """Correct every row that the rules let be corrected; how many. A refusal where it is no longer what was shown."""
    if seal != seal_of(planned):
        return await _refuse(tx, stale("预览之后台账有变动，本次没有修改任何成果；请核对下面的最新预览后再确认"))
    done = []
    for one in sorted((one for one in planned if one.changes), key=lambda one: one.row.id):
        after = await workflow.correct(tx, one.row.id, changes, since=since, reason=reason, revision=one.row.revision)
        if not isinstance(after, Refusal):
            done.append(one.row.code)
    details = {
        "fields": sorted(changes),
        "changed": done,
        "refused": {one.row.code: one.refusal.code for one in planned if one.refusal is not None},
        "unchanged": [one.row.code for one in planned if one.same],
    }
    await write_audit(tx, "achievement_batch.correct", CASE, new_id(), details=details)
    return len(done)


async def _refuse(tx: Transaction, refusal: Refusal) -> Refusal:
    details = {"code": refusal.code, "message": refusal.message}
    await write_audit(tx, "achievement_batch.correct", CASE, None, outcome="refused", details=details)
    return refusal
