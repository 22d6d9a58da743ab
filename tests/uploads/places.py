"""Every route that takes a file, with whoever sends one there: the rest of the form is right, so that the file alone decides."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx

from tenants.isolation import new_form_key
from tests.services.ledger.disclosure.test_pages import begun
from tests.services.ledger.importing.arranging import send
from tests.services.ledger.payments.test_payments import sold
from tests.tenants.test_idempotency import API
from tests.web import Site, Visitor
from tests.world import World

Sending = Callable[[str, bytes], Awaitable[httpx.Response]]
_PAPER = "/institution/ledger/{achievement_id:uuid}"
_TITLE = {"kind": "management_rules", "title": "办法", "number": "1号", "decided_by": "校长办公会"}
_DAYS = {"decided_on": "2026-03-02", "in_force_on": "2026-03-09"}


def sender(site: Site, visitor: Visitor, address: str, form: dict[str, str]) -> Sending:
    token = visitor.client.cookies["chengguo"]

    async def sending(name: str, content: bytes) -> httpx.Response:
        key = new_form_key(site.app.state.keyring.form_key, token)
        files = {"file": (name, content, "application/pdf")}
        return await visitor.client.post(address, params={"form_key": key}, data=form, files=files)

    return sending


async def _import(site: Site, world: World) -> Sending:
    return sender(site, await site.signed_in(world, world.university), "/institution/imports", {})


async def _machine(site: Site, world: World) -> Sending:
    """Needs the fixture ``account`` of the tests of imports."""

    async def sending(name: str, content: bytes) -> httpx.Response:
        return await send(site, "POST", "/api/imports", files={"file": (name, content, "application/zip")})

    return sending


async def _document(site: Site, world: World) -> Sending:
    head = await site.signed_in(world, world.university, "department_head")
    return sender(site, head, "/institution/settings/documents", _TITLE | _DAYS)


async def _stage(site: Site, world: World) -> Sending:
    row_id, _ = await sold(world)
    clerk = await site.signed_in(world, world.university)
    return sender(site, clerk, f"/institution/ledger/{row_id}/stage/papers", {"kind": "assessment_report"})


async def _payment(site: Site, world: World) -> Sending:
    row_id, conversion = await sold(world)
    form = {"conversion_id": str(conversion), "received_on": "2026-03-05", "amount": "1", "kind": "instalment"}
    finance = await site.signed_in(world, world.university, "finance")
    return sender(site, finance, f"/institution/ledger/{row_id}/payments", form | {"reference": uuid4().hex[:8]})


async def _evidence(site: Site, world: World) -> Sending:
    completer = await site.signed_in(world, world.university, "completer")
    papers = (await begun(completer)).replace("/edit", "/papers")
    return sender(site, completer, papers, {"kind": "project_contract"})


async def _stage_by_machine(site: Site, world: World) -> Sending:
    row_id, _ = await sold(world)
    return _by_machine(site, f"/api/achievements/{row_id}/stage/papers", {"kind": "assessment_report"})


async def _evidence_by_machine(site: Site, world: World) -> Sending:
    made = await send(site, "POST", "/api/disclosures", json={**API, "draft": True})
    return _by_machine(site, f"{made.headers['location']}/papers", {"kind": "project_contract"})


def _by_machine(site: Site, address: str, form: dict[str, str]) -> Sending:
    """Needs the fixture ``account`` of the tests of imports."""

    async def sending(name: str, content: bytes) -> httpx.Response:
        return await send(site, "POST", address, data=form, files={"file": (name, content, "application/pdf")})

    return sending


PLACES: dict[str, Callable[[Site, World], Awaitable[Sending]]] = {
    "/institution/imports": _import,
    "/api/imports": _machine,
    "/institution/settings/documents": _document,
    f"{_PAPER}/stage/papers": _stage,
    f"{_PAPER}/payments": _payment,
    "/institution/disclosures/{disclosure_id:uuid}/papers": _evidence,
    "/api/achievements/{achievement_id:uuid}/stage/papers": _stage_by_machine,
    "/api/disclosures/{disclosure_id:uuid}/papers": _evidence_by_machine,
}


def routes_with_files(site: Site) -> set[str]:
    """What the application itself says takes a body that it reads by itself."""
    return {
        route.path
        for route in site.app.routes
        for handler in getattr(route, "route_handlers", ())
        if "body" in getattr(handler.fn, "__annotations__", {}) and "POST" in handler.http_methods
    }
