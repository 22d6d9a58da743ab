"""What of the rules waits for the science department's people: another person's proposal or revocation."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.activation import CONFIRMING
from tenants.packs import pack_activation, pack_version
from tenants.rehearsal import progress_of

_PLACE = "/console/policy/proposals/{}"
_NO_DAY = "政策未规定办理期限"


async def todos(tx: Transaction) -> list[Todo]:
    """Proposals that wait for their second person; whoever proposed one cannot confirm it and is not asked."""
    if tx.scope.role != "web_science" or tx.pack_version_id is None:
        return []
    table = pack_activation.c
    rows = await tx.rows(
        select(
            table.id, table.effective_on, table.proposed_at, table.revocation_at, table.revocation_reason,
            pack_version.c.version,
        )
        .join(
            pack_version, (pack_version.c.id == table.pack_version_id) & (pack_version.c.province_id == tx.province_id)
        )
        .where(
            table.province_id == tx.province_id,
            table.withdrawn_at.is_(None),
            (table.confirmed_at.is_(None) & (table.proposed_by != tx.actor.person_id))
            | ((table.effective_on > tx.today) & (table.revocation_by != tx.actor.person_id)),
        )
        .order_by(table.effective_on)
    )  # fmt: skip
    return [_revocation(row) if row.revocation_at else await _proposal(tx, row) for row in rows]


async def _proposal(tx: Transaction, row: Row[Any]) -> Todo:
    progress = await progress_of(tx, row.id)
    state = "试算已完成" if progress.finished else f"正在试算（{progress.tenants_done}/{progress.tenants} 个单位）"
    return Todo(
        "政策规则", f"确认启用版本 {row.version}（自 {row.effective_on} 起适用）",
        f"{local_day(row.proposed_at)} 提议，{state}", _PLACE.format(row.id), "确认", CONFIRMING,
        f"{_NO_DAY}；须在 {row.effective_on} 或以前由另一人确认", due_on=row.effective_on,
    )  # fmt: skip


def _revocation(row: Row[Any]) -> Todo:
    last = row.effective_on - timedelta(days=1)
    return Todo(
        "政策规则", f"确认撤销版本 {row.version}（原定自 {row.effective_on} 起适用）",
        f"{local_day(row.revocation_at)} 提议：{row.revocation_reason}", _PLACE.format(row.id), "确认", CONFIRMING,
        f"{_NO_DAY}；须在生效以前，即至 {last}，由另一人确认", due_on=last,
    )  # fmt: skip
