"""Whether the process lives, and whether it can work."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from sqlalchemy import text

from shared.db.migrating import newest_revision
from shared.db.transaction import Actor, Scope, transaction
from shared.ids import NIL
from shared.keys.keyring import KeysMissing
from tenants.isolation import all_provinces
from tenants.packs import reading_of

_QUEUE_LATE_SECONDS = 300
_PATIENCE_SECONDS = 5.0  # a part that hangs is down: whoever asks has a time limit of its own
_NO_SCHEMA = ("3F000", "42883")  # no such schema, no such function: never migrated


@get("/healthz", opt={"audience": "machine"}, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/readyz", opt={"audience": "machine"}, include_in_schema=False)
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """One word for each part; 200 when all can be worked with, else 503."""
    database, objects, identity = await asyncio.gather(_database(request), _objects(request), _identity(request))
    checks = {**database, "object_store": objects, "identity_keys": identity, "keys": _keys(request)}
    ready = all(value == "ok" for value in checks.values())
    # Named, yet no reason to be taken out of service: every other process would answer the same.
    checks["scanner"] = await request.app.state.scanner.state()
    checks["policy"] = await _policy(request) if database["database"] == "ok" else "unknown"
    return Response({"status": "ready" if ready else "not ready", "checks": checks}, status_code=200 if ready else 503)


async def _database(request: Request[Any, Any, Any]) -> dict[str, str]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), request.app.state.engine.connect() as connection:
            revision = await connection.scalar(text("select app.schema_revision()"))
            age = await connection.scalar(text("select app.queue_age()"))
    except Exception as error:  # whatever the reason, it is the answer
        if getattr(getattr(error, "orig", None), "sqlstate", None) in _NO_SCHEMA:
            return {"database": "ok", "migrations": "pending", "queue": "unknown"}
        return {"database": type(error).__name__, "migrations": "unknown", "queue": "unknown"}
    return {
        "database": "ok",
        "migrations": "ok" if revision == newest_revision() else "pending",
        "queue": "ok" if age < _QUEUE_LATE_SECONDS else "late",
    }


async def _objects(request: Request[Any, Any, Any]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return "ok" if await request.app.state.objects.is_ready() else "unreachable"
    except TimeoutError:
        return "unreachable"


async def _identity(request: Request[Any, Any, Any]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await request.app.state.provider.keys()
    except Exception as error:
        return type(error).__name__
    return "ok"


async def _policy(request: Request[Any, Any, Any]) -> str:
    """``ok``, or the provinces whose pack in force this release cannot read: an earlier one governs, or none."""
    engine, found = request.app.state.engine, []
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for one in (await all_provinces(engine)).values():
                tenant = one.science_id or NIL
                scope = Scope("web_public", tenant, one.id, tenant, tenant)
                async with transaction(engine, scope, Actor(None, tenant)) as tx:
                    reading = await reading_of(tx)
                if reading.state != "ok":
                    found.append(f"{one.slug}: {reading.version} unreadable, {reading.instead or 'nothing'} governs")
    except Exception as error:  # whatever the reason, it is the answer
        return type(error).__name__
    return "; ".join(found) or "ok"


def _keys(request: Request[Any, Any, Any]) -> str:
    try:
        return "ok" if request.app.state.keyring.form_key else "missing"
    except KeysMissing:
        return "missing"


HEALTH = (healthz, readyz)
