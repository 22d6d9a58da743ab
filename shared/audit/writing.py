"""Who did or read what: one row per act, inserted in the transaction of the act itself."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert

from shared.audit.tables import audit_entry
from shared.db.transaction import Transaction
from shared.ids import new_id
from shared.tasks.broker import ask_soon

AuditOutcome = Literal["done", "refused", "read", "failed"]


async def write_audit(
    tx: Transaction,
    action: str,
    object_kind: str,
    object_id: UUID | None,
    *,
    outcome: AuditOutcome = "done",
    details: Mapping[str, Any] | None = None,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
) -> None:
    """Insert an audit row under the row's tenant (by default the transaction's own).

    ``details`` hold ids, codes and before/after values; names and other personal values stand there as salted hashes
    only. No RETURNING: roles that write audit for others may not read it.
    """
    scope = tx.scope
    await tx.execute(
        insert(audit_entry)
        .inline()
        .values(
            tenant_id=tenant_id or scope.tenant_id,
            id=new_id(),
            **scope.stream_values(department_id),
            actor_id=tx.actor.person_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            outcome=outcome,
            details=dict(details) if details else None,
            address=tx.actor.address or None,
            request_id=tx.request_id or None,
        )
    )
    ask_soon(tx, "seal_audit", tenant_id or scope.tenant_id)
