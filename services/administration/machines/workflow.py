"""The verbs of the unit's software: register a client, rotate and revoke its credentials, hand it on. The only writers."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update

from services.administration.machines import queries
from services.administration.machines.models import machine_client
from shared.audit.writing import write_audit
from shared.clock import real_now
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse
from tenants.credentials import end_secrets, new_secret

CASE = "machine_client"
OVERLAP = timedelta(days=7)
LIMIT = 20


async def register(tx: Transaction, name: str, scopes: Collection[str]) -> tuple[UUID, str]:
    """Let a piece of software call the API with these scopes; returns its id and its secret, which is not kept.

    :raises FormInvalid: a name in use, a scope that software cannot have, too many clients.
    """
    errors: dict[str, str] = {}
    known = await queries.clients(tx)
    if any(one.row.name == name and one.row.revoked_at is None for one in known):
        errors["name"] = "已有同名的接口凭据，请换一个名称"
    if sum(one.row.revoked_at is None for one in known) >= LIMIT:
        errors["name"] = f"最多 {LIMIT} 个接口凭据，请先撤销不用的"
    if not scopes or set(scopes) - set(queries.scopes_offered()):
        errors["scopes"] = "请选择接口可以办理的事项"
    if errors:
        raise FormInvalid(errors)
    client_id, chosen = new_id(), [one for one in queries.scopes_offered() if one in scopes]
    await tx.execute(
        insert(machine_client).values(
            tenant_id=tx.tenant_id, id=client_id, province_id=tx.province_id, name=name, scopes=chosen,
            responsible_id=tx.actor.person_id, created_at=real_now(), created_by=tx.actor.person_id,
        )
    )  # fmt: skip
    secret = await new_secret(tx, client_id, name, chosen, 0)
    await record_event(tx, CASE, client_id, "client_registered", details={"scopes": chosen})
    await write_audit(tx, "machine_client.register", CASE, client_id, details={"name": name, "scopes": chosen})
    return client_id, secret


async def rotate(tx: Transaction, client_id: UUID) -> str | Refusal:
    """A further secret, not kept; the one before it works for the overlap, so that the software can be changed over.

    :raises NotFound: no such client of this unit.
    """
    row = await _loaded(tx, client_id)
    if row.revoked_at is not None:
        return await refuse(tx, stale("该接口凭据已撤销"), "machine_client.rotate", CASE, client_id)
    secret = await new_secret(tx, client_id, row.name, row.scopes, int(OVERLAP.total_seconds()))
    await record_event(tx, CASE, client_id, "secret_rotated")
    await write_audit(tx, "machine_client.rotate", CASE, client_id, details={"name": row.name})
    return secret


async def revoke(tx: Transaction, client_id: UUID) -> Refusal | None:
    """End every secret of a client at once.

    :raises NotFound: no such client of this unit.
    """
    row = await _loaded(tx, client_id)
    if row.revoked_at is not None:
        return await refuse(tx, stale("该接口凭据已撤销"), "machine_client.revoke", CASE, client_id)
    ended = await end_secrets(tx, client_id)
    await tx.execute(
        update(machine_client)
        .where(machine_client.c.tenant_id == tx.tenant_id, machine_client.c.id == client_id)
        .values(revoked_at=real_now(), revoked_by=tx.actor.person_id)
    )
    await record_event(tx, CASE, client_id, "client_revoked")
    await write_audit(tx, "machine_client.revoke", CASE, client_id, details={"name": row.name, "count": ended})
    return None


async def hand_on(tx: Transaction, leaver_id: UUID, successor_id: UUID) -> int:
    """Let a successor answer for the software of somebody who leaves; how many clients."""
    done = await tx.execute(
        update(machine_client)
        .where(
            machine_client.c.tenant_id == tx.tenant_id,
            machine_client.c.responsible_id == leaver_id,
            machine_client.c.revoked_at.is_(None),
        )
        .values(responsible_id=successor_id)
    )
    return done.rowcount


async def _loaded(tx: Transaction, client_id: UUID) -> Row[Any]:
    row = await queries.find_client(tx, client_id, locked=True)
    if row is None:
        raise NotFound
    return row
