"""Training units: tenants of the kind ``training``, worked in as institutions are, counted nowhere, thrown away at will."""

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

KIND = "training"
_known: dict[UUID, bool] = {}


async def know_training(driver: "asyncpg.Connection[asyncpg.Record]", tenant_id: UUID) -> None:
    """Have at hand whether a tenant is a training unit: asked once for each tenant, since its kind never changes."""
    if tenant_id not in _known:
        _known[tenant_id] = await driver.fetchval("select kind from app.tenant_of($1)", tenant_id) == KIND


def is_training(tenant_id: UUID) -> bool:
    """As last asked; False before."""
    return _known.get(tenant_id, False)
