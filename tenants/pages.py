"""A page for whoever looks: template, viewer, menu, province, clock and the keys of its forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.response import Redirect

from shared.clock import real_now
from shared.db.transaction import Outcome, Transaction
from shared.errors import Refusal
from shared.observability import metrics
from shared.ui.page import Audience, Crumb, Flash, MenuItem, MenuSection, Page, PageClock, Province, Viewer
from shared.ui.rendering import render
from tenants.isolation import Edge, cached_province, new_form_key
from tenants.packs import banner_of, has_entry
from tenants.permissions import labels_of
from tenants.training import is_training


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of an audience's side bar, shown to those who hold the permission of the page it leads to.

    ``entry`` is what the province's pack must have for it to be shown: a page about what the text does not know is none.
    """

    audience: str
    section: str
    label: str
    icon: str
    href: str
    permission: str
    position: int
    entry: str = ""


@dataclass(frozen=True, slots=True)
class SearchBox:
    """What the field at the top of an audience's pages looks through: a page that takes ``q``; ``hint`` says what for."""

    audience: str
    href: str
    hint: str
    permission: str


class FreshKey:
    """Renders as a new idempotency key each time, so that two forms on one page never share one."""

    def __init__(self, secret: bytes, token: str) -> None:
        self._secret = secret
        self._token = token

    def __str__(self) -> str:
        return new_form_key(self._secret, self._token)

    def __html__(self) -> str:
        return str(self)


AUDIENCE_OF_ROLE: dict[str, Audience] = {
    "web_institution": "institution",
    "web_science": "console",
    "web_department": "console",
    "web_finance": "console",
    "web_operator": "operator",
}


def page(
    connection: ASGIConnection[Any, Any, Any, Any],
    template: str,
    title: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    crumbs: Sequence[Crumb] = (),
    subtitle: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """Render a template for this request; ``title`` is both the h1 and the browser's title."""
    base = base_context(connection)
    box = _search_box(connection, base["viewer"])
    base["page"] = Page(
        title,
        path=base["here"],
        subtitle=subtitle,
        crumbs=crumbs,
        search_href=box.href if box else "",
        search_hint=box.hint if box else "",
    )
    body = render(template, {**base, **(context or {})})
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=dict(headers or {}))


def _search_box(connection: ASGIConnection[Any, Any, Any, Any], viewer: Viewer | None) -> SearchBox | None:
    """The search of whoever is signed in, if they may open its page."""
    if viewer is None:
        return None
    boxes: Sequence[SearchBox] = connection.app.state.search
    return next((b for b in boxes if b.audience == viewer.audience and b.permission in viewer.permissions), None)


def base_context(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, Any]:
    """What every template may rely on; documented in shared/ui/README.md."""
    state = connection.scope["state"]
    edge = cast("Edge | None", state.get("edge"))
    session = edge.session if edge is not None else None
    registered = state.get("province") or (cached_province(session.province_id) if session is not None else None)
    now = session.legal_now if session is not None else state.get("legal_now") or real_now()
    token = edge.token if edge is not None and session is not None else ""
    secret = connection.app.state.keyring.form_key
    path = connection.scope["path"]
    query = connection.scope["query_string"]
    banner = banner_of(state.get("pack_version_id") or (session.pack_version_id if session is not None else None))
    viewer = None
    menu: tuple[MenuSection, ...] = ()
    if session is not None and edge is not None:
        viewer = Viewer(
            session.name,
            session.organisation_name,
            session.unit or "、".join(labels_of(session.roles)),
            AUDIENCE_OF_ROLE[session.role],
            edge.permissions,
            initials=session.name[:1],
        )
        entries = [e for e in connection.app.state.menu if not e.entry or has_entry(session.pack_version_id, e.entry)]
        menu = menu_of(entries, viewer, path)
    return {
        "viewer": viewer,
        "province": Province(registered.name, registered.short_name, registered.slug, banner) if registered else None,
        "clock": PageClock(now, connection.app.state.settings.mode == "demo"),
        "menu": menu,
        "training": session is not None and is_training(session.tenant_id),
        "suspended": edge is not None and edge.suspended,
        "flash": _flash(connection),
        "form_key": FreshKey(secret, token),
        "csrf": None,
        "request_id": state.get("request_id", ""),
        "here": path + (f"?{query.decode()}" if query else ""),
    }


def menu_of(entries: Sequence[MenuEntry], viewer: Viewer, path: str) -> tuple[MenuSection, ...]:
    """The side bar of one viewer: only what exists and what they may open."""
    shown = [e for e in entries if e.audience == viewer.audience and e.permission in viewer.permissions]
    current = max((e.href for e in shown if _leads_to(e.href, path)), key=len, default="")
    sections: dict[str, list[MenuItem]] = {}
    for entry in sorted(shown, key=lambda e: e.position):
        item = MenuItem(entry.label, entry.href, entry.icon, active=entry.href == current)
        sections.setdefault(entry.section, []).append(item)
    return tuple(MenuSection(heading, tuple(items)) for heading, items in sections.items())


def _leads_to(href: str, path: str) -> bool:
    # An address that ends in a slash is an audience's first page; nothing else lies under it. The router strips the slash.
    if href.endswith("/"):
        return path.rstrip("/") == href.rstrip("/")
    return path == href or path.startswith(href + "/")


_FLASHES = {
    "saved": "已保存",
    "done": "已办理",
    "submitted": "已提交",
    "imported": "导入完成",
    "published": "已发布",
    "moved": "演示时钟已拨到新的时间，到期事项已按先后顺序执行",
}


def _flash(connection: ASGIConnection[Any, Any, Any, Any]) -> Flash | None:
    """A short confirmation named in the address; only known words, so that nobody can write on our pages."""
    words = _FLASHES.get(connection.query_params.get("done", ""))
    return Flash(words) if words else None


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
) -> Response[str]:
    """The page of a refusal: message, article, quote, inputs. Commits; gives the idempotency key back."""
    tx.outcome = Outcome(refusal.status, refused=True)
    metrics.refusals.labels(refusal.code).inc()
    return page(request, "refusal.html", "没有办理", {"refusal": refusal, "back": back}, status=refusal.status)


def unprocessable(
    request: Request[Any, Any, Any],
    tx: Transaction,
    template: str,
    title: str,
    context: Mapping[str, Any],
    *,
    crumbs: Sequence[Crumb] = (),
) -> Response[str]:
    """A form with wrong fields: the same page again with all errors and the values kept."""
    tx.outcome = Outcome(422, refused=True)
    return page(request, template, title, context, status=422, crumbs=crumbs)


def refused_in_place(
    request: Request[Any, Any, Any],
    tx: Transaction,
    refusal: Refusal,
    template: str,
    title: str,
    context: Mapping[str, Any],
    *,
    crumbs: Sequence[Crumb] = (),
) -> Response[str]:
    """The form again with the refusal above it and the values kept; the template shows ``refusal``."""
    tx.outcome = Outcome(refusal.status, refused=True)
    metrics.refusals.labels(refusal.code).inc()
    return page(request, template, title, {**context, "refusal": refusal}, status=refusal.status, crumbs=crumbs)


def came_back(
    request: Request[Any, Any, Any],
    tx: Transaction,
    refusal: Refusal | None,
    template: str,
    title: str,
    context: Mapping[str, Any],
    *,
    crumbs: Sequence[Crumb] = (),
) -> Response[str]:
    """The form again: with the refusal above it, or without one with what is wrong in its fields."""
    if refusal is None:
        return unprocessable(request, tx, template, title, context, crumbs=crumbs)
    return refused_in_place(request, tx, refusal, template, title, context, crumbs=crumbs)
