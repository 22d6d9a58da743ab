"""我的权限, 角色与权限 and 登录管理, the same for every audience that signs in."""

from hashlib import sha256
from typing import Any, cast

from litestar import Request, Response

from services.administration import workflow
from services.administration.own import queries
from services.administration.permission_words import permission_label
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ids import token_hash
from shared.ui.page import Crumb
from tenants.isolation import Edge
from tenants.pages import page, redirect
from tenants.people import names_of
from tenants.permissions import ADMINISTRATORS, APART, ENTERED, ROLES, labels_of
from tenants.sessions import Session


def session_of(request: Request[Any, Any, Any]) -> Session:
    edge = cast(Edge, request.scope["state"]["edge"])
    assert edge.session is not None
    return edge.session


def own_reference(request: Request[Any, Any, Any]) -> bytes:
    """The reference of the session that asks."""
    return sha256(token_hash(request.scope["state"]["edge"].token)).digest()


async def permissions_page(
    request: Request[Any, Any, Any], tx: Transaction, crumbs: tuple[Crumb, ...]
) -> Response[str]:
    """What one may do, from where, and why not the rest."""
    session = session_of(request)
    names = await names_of(tx, [one.lender for one in session.lent]) if session.lent else {}
    lines = queries.permission_lines(session, names)
    context = {
        "roles": labels_of(session.roles),
        "held": [line for line in lines if line.held],
        "missing": [line for line in lines if not line.held],
        "lent": [(line, names.get(line.lender, "")) for line in queries.lent_lines(session)],
        "audience": request.scope["path"].split("/")[1],
    }
    return page(request, "administration/shared/own_permissions.html", "我的权限", context, crumbs=crumbs)


async def roles_page(
    request: Request[Any, Any, Any], tx: Transaction, audiences: tuple[str, ...], crumbs: tuple[Crumb, ...]
) -> Response[str]:
    """What each role of these audiences may do, and what is kept apart."""
    shown = [role for role in ROLES.values() if role.audience in audiences]
    codes = sorted({permission for role in shown for permission in role.permissions})
    within = "institution" in audiences
    context = {
        "roles": shown,
        "permissions": [(code, permission_label(code)) for code in codes],
        "held": set(tx.actor.roles),
        "administrators": [ROLES[code].label for code in ADMINISTRATORS] if within else [],
        "apart": [(permission_label(one), permission_label(two)) for one, two in APART if one in codes],
        "barred": [permission_label(one) for one in ENTERED if one in codes],
        "within": within,
    }
    return page(request, "administration/shared/roles.html", "角色与权限", context, crumbs=crumbs)


async def sessions_page(request: Request[Any, Any, Any], tx: Transaction, crumbs: tuple[Crumb, ...]) -> Response[str]:
    """Where the person is signed in."""
    context = {
        "sessions": await queries.own_sessions(tx),
        "own_reference": own_reference(request),
        "here": request.scope["path"],
        "at_once": request.app.state.settings.sessions_at_once,
    }
    return page(request, "administration/shared/sessions.html", "登录管理", context, crumbs=crumbs)


async def end_one(tx: Transaction, reference: str, back: str) -> Response[Any]:
    """End one of one's own sessions.

    :raises NotFound: no live session of this person.
    """
    try:
        named = bytes.fromhex(reference)
    except ValueError as error:
        raise NotFound from error
    await workflow.end_session(tx, named)
    return redirect(tx, back, done="done")


async def end_others(request: Request[Any, Any, Any], tx: Transaction, back: str) -> Response[Any]:
    """End all of one's own sessions but this one."""
    for session in await queries.own_sessions(tx):
        if session.reference != own_reference(request):
            await workflow.end_session(tx, session.reference)
    return redirect(tx, back, done="done")
