"""Whether the process lives, and whether it can work."""

from typing import Any

from litestar import Request, Response, get
from sqlalchemy import text

from shared.db.migrating import newest_revision
from shared.keys.keyring import KeysMissing

_QUEUE_LATE_SECONDS = 300


@get("/healthz", opt={"audience": "machine"}, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/readyz", opt={"audience": "machine"}, include_in_schema=False)
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Database, migrations, queue age, object store and identity keys: 200 when all can be worked with, else 503."""
    checks = {
        "database": await _database(request),
        "object_store": "ok" if await request.app.state.objects.is_ready() else "unreachable",
        "identity_keys": await _identity(request),
        "keys": _keys(request),
    }
    ready = all(value == "ok" for value in checks.values())
    return Response({"status": "ready" if ready else "not ready", "checks": checks}, status_code=200 if ready else 503)


async def _database(request: Request[Any, Any, Any]) -> str:
    try:
        async with request.app.state.engine.connect() as connection:
            revision = await connection.scalar(text("select app.schema_revision()"))
            age = await connection.scalar(text("select app.queue_age()"))
    except Exception as error:  # whatever the reason, it is the answer
        return type(error).__name__
    if revision != newest_revision():
        return "migrations pending"
    return "ok" if age < _QUEUE_LATE_SECONDS else "queue late"


async def _identity(request: Request[Any, Any, Any]) -> str:
    try:
        await request.app.state.provider.keys()
    except Exception as error:
        return type(error).__name__
    return "ok"


def _keys(request: Request[Any, Any, Any]) -> str:
    try:
        return "ok" if request.app.state.keyring.form_key else "missing"
    except KeysMissing:
        return "missing"


HEALTH = (healthz, readyz)
