"""What is kept of a sign-in that was not believed: a log line and a count always, an audit row where an institution is named.

Most forgeries name nobody: the state, the code or the signature is wrong, and nothing in them may be believed. Where the
provider's own signature stands under a token that is not for us (another audience, replayed, expired), its organization is
whom it concerns, and its auditors see it.
"""

from typing import Any, Literal
from uuid import UUID

import structlog
from litestar.connection import ASGIConnection

from shared.audit.writing import write_audit
from shared.db.transaction import Actor, Scope, transaction
from shared.observability import metrics
from tenants.identity import SignInRefused, tenant_named_by
from tenants.isolation import address_of, engine_of, open_edge
from tenants.registry import Tenant

log = structlog.get_logger()
Way = Literal["browser", "machine"]
# A machine whose token ran out asks again with a new one: that is no event.
_ORDINARY = frozenset({("machine", "token.expired")})


async def note_refusal(connection: ASGIConnection[Any, Any, Any, Any], refused: SignInRefused, way: Way) -> None:
    """Log, count, and audit where it can be said whose it is. ``way``: a person's sign-in, or a bearer token."""
    log.warning("sign_in.refused", code=refused.code, way=way)
    metrics.refusals.labels(f"sign_in.{refused.code}").inc()
    if refused.claims is None or (way, refused.code) in _ORDINARY:
        return
    named = tenant_named_by(refused.claims)
    if named is not None:
        await _audit(connection, named, refused.code, way)


async def _audit(connection: ASGIConnection[Any, Any, Any, Any], named: UUID, code: str, way: Way) -> None:
    edge = await open_edge(connection)
    row = await edge.driver.fetchrow("select * from app.tenant_of($1)", named)
    # The request is over but for its answer: its connection goes back before another one is asked for, or a full pool
    # would wait for itself.
    await edge.close()
    if row is None or row["id"] is None:
        return
    tenant = Tenant(**{name: row[name] for name in Tenant.__dataclass_fields__})
    # Every organisation enters by its tenant_id, as at a sign-in that is believed.
    scope = Scope("web_institution", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
    actor = Actor(None, tenant.id, address=address_of(connection))
    request_id = connection.scope["state"].get("request_id", "")
    async with transaction(engine_of(connection), scope, actor, request_id=request_id, regardless=True) as tx:
        await write_audit(tx, "session.refused", "session", None, outcome="refused", details={"code": code, "way": way})
