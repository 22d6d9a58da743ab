"""A page for the public: its menu, its foot, its address; no session, no cookie, no script."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response

from shared.db.transaction import Transaction
from shared.ui.page import Crumb, MenuItem, MenuSection, Page
from tenants.packs import governing
from tenants.pages import base_context, page


async def public_page(
    request: Request[Any, Any, Any],
    tx: Transaction,
    template: str,
    title: str,
    context: Mapping[str, Any] | None = None,
    *,
    here: str = "",
    crumbs: Sequence[Crumb] = (),
    subtitle: str = "",
    badges: Mapping[str, int] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """Render a page of the province in the address.

    ``here`` is the label of the menu entry that the page belongs to; ``badges`` are counts by label.
    """
    base = base_context(request)
    given: dict[str, Any] = {
        "menu": public_menu(request, here, badges or {}),
        "page": Page(
            title,
            path=base["here"],
            subtitle=subtitle,
            crumbs=(Crumb(base["province"].name, f"/{base['province'].slug}/"), *crumbs),
            footnote=await footnote(tx),
        ),
        "slug": base["province"].slug,
        "today": tx.today,
        **(context or {}),
    }
    return page(request, template, title, given, status=status, headers=headers)


def public_menu(request: Request[Any, Any, Any], here: str, badges: Mapping[str, int]) -> tuple[MenuSection, ...]:
    """The entries that slices declare for the public; ``{province}`` in an address is the one being looked at."""
    province = request.scope["state"]["province"]
    entries = sorted((e for e in request.app.state.menu if e.audience == "public"), key=lambda e: e.position)
    items = tuple(
        MenuItem(
            e.label, e.href.replace("{province}", province.slug), active=e.label == here, badge=badges.get(e.label)
        )
        for e in entries
    )
    return (MenuSection("", items),)


async def footnote(tx: Transaction) -> str:
    """How long the policy is in force and what about it is disputed, as the pack states it; empty without a pack."""
    if tx.pack_version_id is None:
        return ""
    pack = (await governing(tx)).pack
    words = []
    for guideline in pack.content.guidelines.values():
        if guideline.first_day is None or guideline.last_day is None:
            continue
        sentence = f"政策有效期 {guideline.first_day} 至 {guideline.last_day}"
        if guideline.disputed_days:
            sentence += f"（另一读法 {guideline.disputed_days[-1]}，存疑）"
        if guideline.ask:
            sentence = f"解释：{guideline.ask}　{sentence}"
        if sentence not in words:
            words.append(sentence)
    return "　".join(words)
