"""The verb of ownership: owners, custody and declassification from a day on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger import rules as ledger_rules
from services.ledger.history import change_achievement
from services.ledger.ownership import rules
from services.ledger.queries import achievement_for_update
from services.ledger.workflow import CASE, MOVES
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal, lost_race
from shared.workflow import move, refuse

_MOVE = "record_ownership"


async def record_ownership(
    tx: Transaction,
    achievement_id: UUID,
    owners: Sequence[rules.Owner],
    *,
    since: date,
    reason: str,
    custody: Mapping[str, Any] | None = None,
    declassified_on: date | None = None,
    revision: int | None = None,
) -> Row[Any] | Refusal:
    """Record whose the achievement is from ``since`` on; returns the row afterwards.

    Refused: a day before the ledger knew the achievement or to come, a newer version.

    :raises NotFound: no such achievement of this tenant.
    :raises FormInvalid: shares that do not make one whole.
    """
    row = await achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    fault = rules.fault_of(owners)
    if fault is not None:
        raise FormInvalid({"owners": fault})
    refusal = ledger_rules.wrong_day(since, row.began_on, tx.today)
    if revision is not None and row.revision != revision:
        refusal = lost_race("该成果刚刚已由他人更正，您的登记没有生效；请刷新页面查看最新内容后再登记")
    wanted: dict[str, Any] = {
        "owners": [owner.as_json() for owner in owners] or None,
        "custody": dict(custody) if custody else None,
        "declassified_on": declassified_on,
    }
    patch = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    details = {"changes": {name: [getattr(row, name), value] for name, value in patch.items()}}
    refusal = refusal or await move(tx, MOVES, achievement_id, _MOVE, row.state, reason=reason, details=details)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.{_MOVE}", CASE, achievement_id)
    return await change_achievement(tx, row, patch, since, reason)
