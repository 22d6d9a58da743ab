"""One's own account, for the authorities."""

from typing import Any

from litestar import Request, Response, get, post

from services.administration.own.pages import end_one, end_others, permissions_page, roles_page, sessions_page
from shared.db.transaction import Transaction
from shared.ui.page import Crumb
from tenants.pages import MenuEntry
from tenants.suspension import STAYS_OPEN

_SELF = {"permission": "console:self:read"}
_SESSIONS = "/console/sessions"
_OWN = Crumb("我的权限", "/console/permissions")


@get("/permissions", opt=_SELF)
async def own_permissions(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What one may do, and why not the rest."""
    return await permissions_page(request, tx, (Crumb("我的权限"),))


@get("/roles", opt=_SELF)
async def roles(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What each role of the authorities may do, and what is kept apart."""
    return await roles_page(request, tx, ("science", "department", "finance"), (_OWN, Crumb("角色与权限")))


@get("/sessions", opt=_SELF)
async def sessions(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Where the person is signed in."""
    return await sessions_page(request, tx, (Crumb("登录管理"),))


@post("/sessions/{reference:str}/end", opt={**_SELF, **STAYS_OPEN}, status_code=303)
async def end_session(tx: Transaction, reference: str) -> Response[Any]:
    """End one of one's own sessions."""
    return await end_one(tx, reference, _SESSIONS)


@post("/sessions/end-others", opt={**_SELF, **STAYS_OPEN}, status_code=303)
async def end_other_sessions(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """End all of one's own sessions but this one."""
    return await end_others(request, tx, _SESSIONS)


HANDLERS = (own_permissions, roles, sessions, end_session, end_other_sessions)
MENU = (MenuEntry("console", "服务与监督", "我的权限", "user-check", "/console/permissions", "console:self:read", 990),)
