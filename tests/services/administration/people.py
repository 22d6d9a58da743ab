"""Somebody who signs in: a person of the world with an account, as a sign-in leaves it."""

from uuid import UUID

from sqlalchemy import insert

from tenants.people import account
from tests.world import World

SYSTEM, SECURITY, AUDIT = "system_admin", "security_admin", "audit_admin"


async def signing_in(world: World, tenant: UUID, role: str, *provided: str) -> UUID:
    """The person of a tenant who goes by ``role``, with the provider's roles (``role`` itself by default)."""
    known = (tenant, role) in world.people
    person_id = await world.person(tenant, role)
    if not known:
        async with world.maintenance.begin() as connection:
            await connection.execute(
                insert(account).values(
                    tenant_id=tenant,
                    issuer="test",
                    subject=str(person_id),
                    person_id=person_id,
                    roles=list(provided) or [role],
                )
            )
    return person_id
