"""How a request is confined to its tenant: session → guard → transaction, on one connection.

The guard looks up the session (a transaction of its own, before a tenant is known) and checks audience and permission; the
transaction dependency then enters the audience's database role on the same connection. Every handler of an audience
declares its ``permission``; the committed snapshot of routes holds that.
"""

import hmac
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.audit.writing import write_audit
from shared.clock import local_day, real_now
from shared.db.engine import CONNECTION_LOST
from shared.db.records import idempotency_key
from shared.db.transaction import Actor, Outcome, Scope, Transaction, begin, driver_of, legal_instant, note_afterwards
from shared.errors import ApplicationError, Conflict, Forbidden, NotFound, NotSignedIn, Refusal, UploadRefused
from shared.ids import NIL
from tenants.packs import know_banner
from tenants.permissions import own_permission, permissions_of
from tenants.rechecking import RECHECK, recheck
from tenants.registry import PROVINCE_COLUMNS, Province, list_provinces
from tenants.sessions import Session, find_session
from tenants.standing import borrowed, keep_apart
from tenants.suspension import regardless
from tenants.training import know_training

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ROLE_OF_AUDIENCE = {
    "institution": frozenset({"web_institution"}),
    "console": frozenset({"web_science", "web_department", "web_finance"}),
    "operator": frozenset({"web_operator"}),
}


@dataclass(slots=True)
class Edge:
    """What one request holds until it ends: its connection, and who signed in."""

    connection: AsyncConnection
    driver: "asyncpg.Connection[asyncpg.Record]"
    session: Session | None = None
    permissions: frozenset[str] = frozenset()
    on_behalf_of: UUID | None = None
    token: str = ""
    suspended: bool = False
    closed: bool = False

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            await self.connection.close()


class Replay(ApplicationError):
    """The same form or key was sent before: the answer is the first one's."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("该请求已经办理")
        self.outcome = outcome


def engine_of(connection: ASGIConnection[Any, Any, Any, Any]) -> AsyncEngine:
    return cast(AsyncEngine, connection.app.state.engine)


async def open_edge(connection: ASGIConnection[Any, Any, Any, Any]) -> Edge:
    """The request's one connection, opened at first need; the outermost middleware closes it."""
    present = connection.scope["state"].get("edge")
    if present is not None:
        return cast(Edge, present)
    database = await engine_of(connection).connect()
    edge = Edge(database, await driver_of(database))
    connection.scope["state"]["edge"] = edge
    return edge


def cookie_name(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Over https the browser itself holds that no other host, and no plain connection, sets or reads it."""
    return "__Host-chengguo" if connection.app.state.settings.secure_cookies else "chengguo"


def state_cookie_name(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Holds a sign-in's state between leaving for the identity provider and coming back."""
    return f"{cookie_name(connection)}-sign-in"


async def load_session(connection: ASGIConnection[Any, Any, Any, Any]) -> Edge:
    """The edge with its live session, if the cookie has one."""
    edge = await open_edge(connection)
    token = connection.cookies.get(cookie_name(connection), "")
    if token and edge.session is None:
        edge.session = await find_session(edge.driver, token)
        edge.token = token
        if edge.session is not None:
            await _know_province(edge.driver, edge.session.province_id)
            await know_training(edge.driver, edge.session.tenant_id)
            edge.permissions = session_permissions(edge.session.roles, edge.session.role)
            edge.suspended = edge.session.suspended and edge.session.role != "web_operator"
            after = _recheck_after(connection, edge.session.role)
            state = connection.app.state
            if real_now() - edge.session.seen_at > after and not await recheck(
                state.provider, state.keyring, edge.driver, token, after
            ):
                edge.session, edge.permissions = None, frozenset()
    return edge


def _recheck_after(connection: ASGIConnection[Any, Any, Any, Any], role: str) -> timedelta:
    """How old the last sign of life may be before it is written again, and the provider asked: not each request, yet well
    within the limit.
    """
    settings = connection.app.state.settings
    idle = settings.session_idle_minutes if role == "web_institution" else settings.console_idle_minutes
    return min(RECHECK, timedelta(minutes=idle) / 10)


@lru_cache(maxsize=1024)
def session_permissions(roles: tuple[str, ...], database_role: str) -> frozenset[str]:
    """What the roles of a session may do; the audience follows from the database role."""
    return permissions_of(roles, database_role.removeprefix("web_")) | {own_permission(database_role)}


def cases_in(connection: ASGIConnection[Any, Any, Any, Any]) -> list[UUID]:
    """The ids in the address."""
    return [value for value in connection.path_params.values() if isinstance(value, UUID)]


def only_asks_for_methods(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """OPTIONS names the methods of an address, which everybody may know; the framework answers it, no handler of ours."""
    return connection.scope.get("method") == "OPTIONS"


def audience_guard(audience: str) -> Any:
    """The guard of one audience's router."""
    allowed = _ROLE_OF_AUDIENCE[audience]

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if only_asks_for_methods(connection):
            return
        edge = await load_session(connection)
        if edge.session is None:
            raise NotSignedIn
        if edge.session.role not in allowed:
            raise NotFound
        permission = str(handler.opt.get("permission"))
        if edge.session.lent:
            today = local_day(edge.session.legal_now)
            held = borrowed(edge.session.lent, edge.permissions, today, cases_in(connection), permission)
            edge.permissions, edge.on_behalf_of = held
        if permission not in edge.permissions:
            raise Forbidden

    guard.__name__ = f"{audience}_guard"
    return guard


def actor_of(session: Session, edge: Edge, address: str) -> Actor:
    roles = frozenset(session.roles)
    return Actor(
        session.person_id, session.tenant_id, session.name, roles, edge.permissions, address, edge.on_behalf_of
    )


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    return connection.client.host if connection.client else ""


async def session_transaction(request: Request[Any, Any, Any]) -> AsyncGenerator[Transaction, None]:
    """The one transaction of a signed-in request, entered as its audience; committed before the first byte leaves."""
    edge = cast(Edge, request.scope["state"]["edge"])
    session = edge.session
    if session is None:
        raise NotSignedIn
    scope = Scope(session.role, session.tenant_id, session.province_id, session.tenant_id, session.department_id)
    tx = Transaction(
        edge.connection,
        edge.driver,
        scope,
        actor_of(session, edge, address_of(request)),
        session.legal_now,
        session.pack_version_id,
        request.scope["state"].get("request_id", ""),
    )
    form_token = edge.token if request.method in WRITING else ""
    async with running(request, edge, tx, str(session.person_id), form_token):
        await keep_apart(tx, str(request.route_handler.opt.get("permission")), cases_in(request))
        yield tx


async def public_transaction(request: Request[Any, Any, Any], province: str) -> AsyncGenerator[Transaction, None]:
    """The one transaction of a visitor: the province of the address, as ``web_public`` of its science department."""
    found = await province_by_slug(engine_of(request), province)
    edge = await open_edge(request)
    now = await legal_instant(edge.driver)
    request.scope["state"].update(province=found, legal_now=now)
    tenant = found.science_id or NIL
    scope = Scope("web_public", tenant, found.id, tenant, tenant)
    tx = Transaction(
        edge.connection,
        edge.driver,
        scope,
        Actor(None, tenant, address=address_of(request)),
        now,
        await edge.driver.fetchval("select app.pack_in_force($1)", found.id),
        request.scope["state"].get("request_id", ""),
    )
    async with running(request, edge, tx, "public", ""):
        yield tx


_provinces: tuple[float, dict[str, Province]] = (0.0, {})
_PROVINCES_SECONDS = 2.0


async def all_provinces(engine: AsyncEngine) -> dict[str, Province]:
    """The provinces by slug, read again after two seconds."""
    global _provinces
    now = real_now().timestamp()
    if now - _provinces[0] > _PROVINCES_SECONDS or not _provinces[1]:
        _provinces = (now, {p.slug: p for p in await list_provinces(engine)})
    return _provinces[1]


async def _know_province(driver: "asyncpg.Connection[asyncpg.Record]", province_id: UUID) -> None:
    """Have a session's province at hand, read on the request's own connection: asking the pool for a second one while
    holding the first would let a full pool wait for itself.
    """
    global _provinces
    if cached_province(province_id) is None:
        rows = await driver.fetch("select * from app.list_provinces()")
        found = (Province(*(row[name] for name in PROVINCE_COLUMNS)) for row in rows)
        _provinces = (real_now().timestamp(), {one.slug: one for one in found})


def cached_province(province_id: UUID) -> Province | None:
    """A province as last read; None before the first reading."""
    return next((p for p in _provinces[1].values() if p.id == province_id), None)


async def province_by_slug(engine: AsyncEngine, slug: str) -> Province:
    """:raises NotFound: no such province."""
    found = (await all_provinces(engine)).get(slug)
    if found is None:
        raise NotFound
    return found


@asynccontextmanager
async def running(
    request: Request[Any, Any, Any], edge: Edge, tx: Transaction, actor: str, form_token: str
) -> AsyncIterator[None]:
    writing = request.method in WRITING
    repeatable = bool(request.route_handler.opt.get("repeatable"))
    key = await _request_key(request, form_token, tx) if writing else ""
    hashed = await _request_hash(request, key) if writing and not repeatable else ""
    await begin(edge.driver, tx.scope, regardless=regardless(request, edge.suspended, writing))
    tx.reading_only = edge.suspended and not writing
    try:
        if writing and not repeatable:
            await _claim_key(tx, actor, key, hashed)
        await know_banner(tx)
        request.scope["state"]["pack_version_id"] = tx.pack_version_id
        yield
        if writing and not repeatable:
            await _settle_key(tx, actor, key)
        await tx.finish()
    except BaseException as error:
        with suppress(*CONNECTION_LOST):  # the server has then rolled back by itself
            await edge.driver.execute("rollback")
            if isinstance(error, UploadRefused):
                await _keep_note(edge, tx, error.refusal)
        await edge.close()
        raise
    await edge.driver.execute("commit")
    await note_afterwards(tx)
    await edge.close()


async def _keep_note(edge: Edge, tx: Transaction, refusal: Refusal) -> None:
    """The audit row of what was turned away at the door, in a transaction that does nothing else."""
    noting = Transaction(edge.connection, edge.driver, tx.scope, tx.actor, tx.now, tx.pack_version_id, tx.request_id)
    await begin(edge.driver, tx.scope)
    details = {"code": refusal.code, **refusal.inputs}
    await write_audit(noting, "upload.examine", "upload", None, outcome="refused", details=details)
    await noting.finish()
    await edge.driver.execute("commit")


async def _request_key(request: Request[Any, Any, Any], form_token: str, tx: Transaction) -> str:
    """The idempotency key of a writing request; for a page, proof too that our own form was sent.

    A page's key is ``uuid.mac`` with the MAC over the session, so a forged form has no valid key.
    """
    sent = request.headers.get("idempotency-key") or request.query_params.get("form_key") or ""
    content_type = request.content_type[0]
    if not sent and content_type == "application/x-www-form-urlencoded":
        sent = str((await request.form()).get("form_key") or "")
    if not sent or len(sent) > 80:
        raise MissingKey
    if form_token and not form_key_is_ours(request.app.state.keyring.form_key, form_token, sent):
        raise Forbidden("页面已过期，请返回上一页刷新后重新提交")
    return sent


# Bodies that are read whole anyway; a file's body is read by its handler alone, so that its key is bound to the route.
_SMALL_BODIES = frozenset({"application/x-www-form-urlencoded", "application/json"})


async def _request_hash(request: Request[Any, Any, Any], key: str) -> str:
    """What the key stands for: SHA-256 of method, path and body, hex. The key itself counts for nothing: it may stand in
    the body or beside it."""
    digest = sha256(f"{request.method} {request.url.path}\n".encode())
    if request.content_type[0] in _SMALL_BODIES:
        digest.update((await request.body()).replace(key.encode(), b""))
    return digest.hexdigest()


class MissingKey(ApplicationError):
    """A writing request without an idempotency key."""

    status = 400
    title = "请求缺少幂等键：网页请刷新后重试，接口请在请求头 Idempotency-Key 中给出"


def new_form_key(secret: bytes, form_token: str) -> str:
    """A fresh key for one form of one session; without a session (public forms) the MAC is over nothing."""
    key = str(uuid4())
    return f"{key}.{_mac(secret, form_token, key)}"


def form_key_is_ours(secret: bytes, form_token: str, sent: str) -> bool:
    key, _, mac = sent.partition(".")
    return hmac.compare_digest(mac, _mac(secret, form_token, key))


def _mac(secret: bytes, form_token: str, key: str) -> str:
    return hmac.new(secret, f"{form_token}/{key}".encode(), sha256).hexdigest()[:32]


async def _claim_key(tx: Transaction, actor: str, key: str, hashed: str) -> None:
    """Take the key for this request, or answer as the first time when the very same request comes again.

    :raises Conflict: the key was sent with another request, whose answer would be a wrong one here.
    """
    claimed = await tx.execute(
        insert(idempotency_key)
        .values(tenant_id=tx.tenant_id, actor=actor, key=key, request_hash=hashed)
        .on_conflict_do_nothing()
    )
    if claimed.rowcount:
        return
    table = idempotency_key.c
    first = await tx.row(select(table.status, table.address, table.request_hash).where(*_key_is(tx, actor, key)))
    if first is None or first.status is None:
        raise Conflict("同一请求正在办理，请稍候刷新")
    if first.request_hash not in (None, hashed):
        raise Conflict("这一页已经提交过，本次的内容或者事项与上次不同，没有办理。请返回上一页刷新后重新提交")
    raise Replay(Outcome(first.status, first.address or ""))


async def _settle_key(tx: Transaction, actor: str, key: str) -> None:
    outcome = tx.outcome or Outcome(200)
    if outcome.refused:
        await tx.execute(delete(idempotency_key).where(*_key_is(tx, actor, key)))
        return
    await tx.execute(
        update(idempotency_key).where(*_key_is(tx, actor, key)).values(status=outcome.status, address=outcome.address)
    )


def _key_is(tx: Transaction, actor: str, key: str) -> tuple[Any, ...]:
    return (
        idempotency_key.c.tenant_id == tx.tenant_id,
        idempotency_key.c.actor == actor,
        idempotency_key.c.key == key,
    )


def tenant_id_of(request: Request[Any, Any, Any]) -> UUID:
    edge = cast(Edge, request.scope["state"]["edge"])
    assert edge.session is not None
    return edge.session.tenant_id
