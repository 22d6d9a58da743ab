"""Machine access: the bearer is a token of the identity provider's client-credentials grant, or a credential that the unit made.

Both are an institution's service account; see :mod:`tenants.credentials`.
"""

from collections.abc import AsyncGenerator
from typing import Any, cast

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from shared.db.transaction import Actor, Outcome, Scope, Transaction, begin, legal_instant
from shared.errors import Forbidden, NotSignedIn, Refusal
from shared.problems import refusal_problem
from tenants.credentials import PREFIX, machine_of
from tenants.doubtful_sign_ins import note_refusal
from tenants.identity import Claims, SignInRefused
from tenants.isolation import Edge, address_of, cases_in, only_asks_for_methods, open_edge, running
from tenants.people import person_of_account
from tenants.permissions import ROLES, permissions_of
from tenants.sso import machine_claims, tenant_of_claims
from tenants.standing import keep_apart

OWN = "chengguo"
"""Stands for the issuer of a unit's own credentials: the platform."""


async def machine_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Believes the token, or answers 401; then asks for the route's permission."""
    if only_asks_for_methods(connection):
        return
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("请在请求头 Authorization 中给出 Bearer 令牌")
    try:
        claims, held = await _believed(connection, token)
        edge = await open_edge(connection)
        tenant = await tenant_of_claims(edge.driver, claims)
    except SignInRefused as refused:
        await note_refusal(connection, refused, "machine")
        raise NotSignedIn("令牌无效、已过期或不是发给本平台的") from refused
    if tenant.kind != "institution":
        raise Forbidden
    edge.permissions, edge.suspended = held, not tenant.active
    if handler.opt.get("permission") not in edge.permissions:
        raise Forbidden
    connection.scope["state"]["claims"] = claims
    connection.scope["state"]["tenant"] = tenant


async def _believed(connection: ASGIConnection[Any, Any, Any, Any], token: str) -> tuple[Claims, frozenset[str]]:
    """Whose a token is and what it may do: one of the identity provider by its roles, a unit's own credential by its scopes.

    :raises SignInRefused: neither.
    """
    if not token.startswith(PREFIX):
        claims = await machine_claims(connection.app.state.provider, token)
        return claims, permissions_of(claims.roles, "institution")
    edge = await open_edge(connection)
    found = await machine_of(edge.driver, token, address_of(connection))
    if found is None:
        raise SignInRefused("credential")
    scopes = frozenset(found.scopes) & ROLES["integration"].permissions
    return Claims(OWN, str(found.client_id), "", "", found.name, "", "", ("integration",), found.tenant_id), scopes


async def machine_transaction(request: Request[Any, Any, Any]) -> AsyncGenerator[Transaction, None]:
    """The one transaction of an API request, as ``web_institution`` of the token's tenant."""
    edge = cast(Edge, request.scope["state"]["edge"])
    claims = cast(Claims, request.scope["state"]["claims"])
    tenant = request.scope["state"]["tenant"]
    scope = Scope("web_institution", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
    tx = Transaction(
        edge.connection,
        edge.driver,
        scope,
        Actor(None, tenant.id, address=address_of(request)),
        await legal_instant(edge.driver),
        await edge.driver.fetchval("select app.pack_in_force($1)", tenant.province_id),
        request.scope["state"].get("request_id", ""),
    )
    await begin(edge.driver, scope, regardless=True)
    try:
        person_id = await person_of_account(tx, claims.issuer, claims.subject, name=claims.name)
    except BaseException:
        await edge.driver.execute("rollback")
        raise
    await edge.driver.execute("commit")
    tx.actor = Actor(person_id, tenant.id, claims.name, frozenset(claims.roles), edge.permissions, address_of(request))
    async with running(request, edge, tx, f"api:{claims.subject}", ""):
        await keep_apart(tx, str(request.route_handler.opt.get("permission")), cases_in(request))
        yield tx


def api_refused(tx: Transaction, refusal: Refusal) -> Response[dict[str, Any]]:
    """The problem document of a refused verb. Commits; gives the idempotency key back."""
    tx.outcome = Outcome(refusal.status, refused=True)
    return refusal_problem(refusal)
