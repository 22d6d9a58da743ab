"""Who did or read what: one row per act, inserted in the transaction of the act itself."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from shared.audit.tables import audit_entry
from shared.db.hot import hot_insert
from shared.db.serialising import dump_json
from shared.db.transaction import Transaction
from shared.ids import new_id
from shared.tasks.broker import ask_soon, ask_soon_for_each

AuditOutcome = Literal["done", "refused", "read", "failed"]
_ENTRY = hot_insert(
    audit_entry, "tenant_id", "id", "province_id", "department_id", "recipient_id", "actor_organisation_id", "actor_id",
    "action", "object_kind", "object_id", "outcome", "details", "address", "request_id",
)  # fmt: skip


def vouch_for(tx: Transaction, tenant_id: UUID, decision_id: UUID, digest: str) -> None:
    """Have the next audit row of this transaction under the tenant name a decision's SHA-256, so that the chain covers it."""
    tx.read_once.setdefault((vouch_for, tenant_id), {})[str(decision_id)] = digest


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
    only. No RETURNING: roles that write audit for others may not read it. The hashes of the decisions that were recorded
    before it in the same transaction stand under ``decisions``. A suspended tenant's reading notes it right after its end.
    """
    if tx.reading_only:
        tx.afterwards.append(
            partial(
                write_audit,
                action=action,
                object_kind=object_kind,
                object_id=object_id,
                outcome=outcome,
                details=details,
                tenant_id=tenant_id,
                department_id=department_id,
            )
        )
        return
    scope = tx.scope
    vouched = tx.read_once.pop((vouch_for, tenant_id or scope.tenant_id), None)
    if vouched:
        details = {**(details or {}), "decisions": vouched}
    details = tx.actor.telling(details)
    await _ENTRY.run(
        tx.driver,
        {
            "tenant_id": tenant_id or scope.tenant_id,
            "id": new_id(),
            **scope.stream_values(department_id),
            "actor_id": tx.actor.person_id,
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "outcome": outcome,
            "details": dump_json(dict(details)) if details else None,
            "address": tx.actor.address or None,
            "request_id": tx.request_id or None,
        },
    )
    ask_soon(tx, "seal_audit", tenant_id or scope.tenant_id)


async def write_reading_audit(
    tx: Transaction, action: str, object_kind: str, institutions: Sequence[tuple[UUID, UUID]]
) -> None:
    """Insert for each institution, as (tenant id, department id), that what concerns it was read: one statement."""
    if tx.reading_only:
        tx.afterwards.append(
            partial(write_reading_audit, action=action, object_kind=object_kind, institutions=institutions)
        )
        return
    scope = tx.scope
    await tx.execute(
        text(
            "insert into app.audit_entry (tenant_id, id, province_id, department_id, recipient_id, actor_organisation_id, "
            "actor_id, action, object_kind, outcome, address, request_id) "
            "select i.tenant, i.id, :province, i.department, :organisation, :organisation, :person, :action, :kind, 'read', "
            ":address, :request "
            "from unnest(cast(:tenants as uuid[]), cast(:departments as uuid[]), cast(:ids as uuid[])) "
            "as i (tenant, department, id)"
        ),
        {
            "province": scope.province_id,
            "organisation": scope.organisation_id,
            "person": tx.actor.person_id,
            "action": action,
            "kind": object_kind,
            "address": tx.actor.address or None,
            "request": tx.request_id or None,
            "tenants": [tenant_id for tenant_id, _ in institutions],
            "departments": [department_id for _, department_id in institutions],
            "ids": [new_id() for _ in institutions],
        },
    )
    ask_soon_for_each(tx, "seal_audit", [tenant_id for tenant_id, _ in institutions])
