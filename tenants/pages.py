"""A page for whoever looks: template, viewer, menu, province, clock and the keys of its forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.response import Redirect

from shared.clock import real_now
from shared.db.transaction import Outcome, Transaction
from shared.errors import Refusal
from shared.observability import metrics
from shared.ui.rendering import render
from tenants.isolation import Edge, cached_province, new_form_key
from tenants.permissions import labels_of
from tenants.registry import Province


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of an audience's side bar, shown to those who hold the permission of the page it leads to."""

    audience: str
    section: str
    label: str
    icon: str
    href: str
    permission: str
    position: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the page, as shells show it."""

    name: str
    organisation_name: str
    department_name: str
    audience: str
    permissions: frozenset[str]
    roles: tuple[str, ...]
    unread: int = 0

    @property
    def initials(self) -> str:
        return self.name[:1]


@dataclass(frozen=True, slots=True)
class ClockView:
    """Legal now, and whether it is a demo clock that the page may move."""

    now: datetime
    demo: bool


@dataclass(slots=True)
class MenuSection:
    heading: str
    items: list[dict[str, Any]] = field(default_factory=list)


AUDIENCE_OF_ROLE = {
    "web_institution": "institution",
    "web_science": "console",
    "web_department": "console",
    "web_finance": "console",
    "web_operator": "operator",
}


def page(
    connection: ASGIConnection[Any, Any, Any, Any],
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """Render a template for this request."""
    body = render(template, {**base_context(connection), **(context or {})})
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=dict(headers or {}))


def base_context(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
    """What every template may rely on; documented in shared/ui/README.md."""
    state = connection.scope["state"]
    edge = cast("Edge | None", state.get("edge"))
    session = edge.session if edge is not None else None
    province: Province | None = state.get("province") or (
        cached_province(session.province_id) if session is not None else None
    )
    now = session.legal_now if session is not None else state.get("legal_now") or real_now()
    token = edge.token if edge is not None and session is not None else ""
    secret = connection.app.state.keys.form_key
    viewer = None
    menu: list[MenuSection] = []
    path = connection.scope["path"]
    if session is not None and edge is not None:
        viewer = Viewer(
            session.name,
            session.organisation_name,
            session.unit or "、".join(labels_of(session.roles)),
            AUDIENCE_OF_ROLE[session.role],
            edge.permissions,
            session.roles,
        )
        menu = menu_of(connection.app.state.menu, viewer, path)
    return {
        "viewer": viewer,
        "province": province,
        "clock": ClockView(now, connection.app.state.settings.mode == "demo"),
        "menu": menu,
        "path": path,
        "flash": _flash(connection),
        "new_form_key": lambda: new_form_key(secret, token),
        "request_id": state.get("request_id", ""),
        "here": path + (f"?{connection.scope['query_string'].decode()}" if connection.scope["query_string"] else ""),
    }


def menu_of(items: Sequence[MenuItem], viewer: Viewer, path: str) -> list[MenuSection]:
    """The side bar of one viewer: only what exists and what they may open."""
    shown = [i for i in items if i.audience == viewer.audience and i.permission in viewer.permissions]
    current = max((i.href for i in shown if _leads_to(i.href, path)), key=len, default="")
    sections: dict[str, MenuSection] = {}
    for item in sorted(shown, key=lambda i: i.position):
        section = sections.setdefault(item.section, MenuSection(item.section))
        section.items.append(
            {"icon": item.icon, "label": item.label, "href": item.href, "active": item.href == current, "badge": None}
        )
    return list(sections.values())


def _leads_to(href: str, path: str) -> bool:
    return path == href or path.startswith(href.rstrip("/") + "/")


_FLASHES = {
    "saved": "已保存",
    "done": "已办理",
    "submitted": "已提交",
    "imported": "导入完成",
    "published": "已发布",
    "moved": "演示时钟开始推进",
}


def _flash(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """A short confirmation named in the address; only known words, so that nobody can write on our pages."""
    return _FLASHES.get(connection.query_params.get("done", ""))


def redirect(tx: Transaction, address: str, *, done: str = "") -> Response[Any]:
    """After a successful POST: 303 to a page of our own, remembered with the request's idempotency key."""
    if done:
        joint = "&" if "?" in address else "?"
        address = f"{address}{joint}{urlencode({'done': done})}"
    tx.outcome = Outcome(303, address)
    return Redirect(address, status_code=303)


def refused(
    request: Request[Any, Any, Any],
    tx: Transaction,
    refusal: Refusal,
    *,
    back: str,
    template: str = "refusal.html",
    context: Mapping[str, Any] | None = None,
) -> Response[str]:
    """The page of a refusal: message, article, quote, inputs. Commits; gives the idempotency key back."""
    tx.outcome = Outcome(refusal.status, refused=True)
    metrics.refusals.labels(refusal.code).inc()
    return page(request, template, {"refusal": refusal, "back": back, **(context or {})}, status=refusal.status)


def unprocessable(
    request: Request[Any, Any, Any], tx: Transaction, template: str, context: Mapping[str, Any]
) -> Response[str]:
    """A form with wrong fields: the same page again with all errors and the values kept."""
    tx.outcome = Outcome(422, refused=True)
    return page(request, template, context, status=422)
