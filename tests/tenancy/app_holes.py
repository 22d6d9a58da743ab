"""Holes to plant in the running application, each with the judge that must find it and a word of what the judge then says."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from shared.db.transaction import Actor, Scope, Transaction, begin, driver_of, legal_instant
from shared.errors import Forbidden
from shared.ids import new_token
from shared.tasks import broker
from tenants import isolation
from tenants.isolation import load_session, new_form_key
from tests.architecture.routes import handlers
from tests.tenancy.attempts import Attempts
from tests.tenancy.canaries import objects_apart
from tests.tenancy.grounds import FAR, OWN, Grounds
from tests.tenancy.grounds.addresses import routes
from tests.tenancy.grounds.asking import Asking
from tests.tenancy.walk import Walk, differences

Judge = Callable[[Grounds, dict[str, Any]], Awaitable[list[str]]]
LEDGER = "GET /institution/ledger"
RECORD = "GET /institution/ledger/{achievement_id}"
EXPORTED = "GET /institution/ledger/exports/{export_id}/file"
ANSWER = "POST /console/lists/opinions/{round_id}/{opinion_id}"


@dataclass(frozen=True, slots=True)
class AppHole:
    """``plant`` spoils what runs, ``judge`` looks, ``says`` stands in what it finds."""

    name: str
    plant: Callable[[Grounds, pytest.MonkeyPatch], None]
    judge: Judge
    says: str


# -- judges: with nothing planted each finds nothing -----------------------------------------------------------------


def walked(name: str, *names: str) -> Judge:
    """One caller's walk over some routes, held against the reviewed table."""

    async def judge(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
        walk = Walk(grounds, await Asking(grounds, grounds.caller(name), holder).ready())
        cells = await walk.run(names)
        return walk.breaches + differences(name, cells)

    return judge


def attempted(name: str, route_name: str, owner: str) -> Judge:
    """One attempt by address."""

    async def judge(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
        attempts = await Attempts(grounds, holder).ready()
        route = next(one for one in routes(grounds.site.app) if one.name == route_name)
        found = await attempts.address(name, route, owner, 1)
        return [found] if found else []

    return judge


async def searched(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
    """A search for what another tenant wrote."""
    attempts = await Attempts(grounds, holder).ready()
    found = await attempts.word("clerk", "/institution/ledger", FAR, 0, 12)
    return [found] if found else []


async def form_keys_apart(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
    """A form with the key that another's session was given is refused."""
    asking = await Asking(grounds, grounds.caller("clerk"), holder).ready()
    key = new_form_key(grounds.site.app.state.keyring.form_key, new_token())
    answer = await asking.client.post("/institution/messages/read", data={"form_key": key})
    return [] if answer.status_code == 403 else [f"a key of another session is taken: {answer.status_code}"]


async def public_pages_apart(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
    """The same page of two provinces, one after the other: neither is sent for the other."""
    client, found = grounds.site.anonymous().client, []
    slugs = [grounds.ids[owner]["province"] for owner in (OWN, FAR)]
    for own, other in (slugs, slugs[::-1]):
        page = await client.get(f"/{own}/lists/empowerment")
        if page.status_code != 200 or f"/{other}/" in page.text or f"/{own}/" not in page.text:
            found.append(f"the page of {own} is that of {other}")
    return found


async def objects(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
    return await objects_apart(grounds)


async def worker_works_for_its_own(grounds: Grounds, holder: dict[str, Any]) -> list[str]:
    """A message of one tenant's queue, whatever it says: the database has entered for that tenant when the work is done."""
    entered: list[str] = []

    async def look(tx: Transaction, **payload: str) -> None:
        told = await tx.driver.fetchrow(
            "select current_user::text as role, coalesce(current_setting('app.tenant_id', true), '') as tenant"
        )
        entered.append(f"{told['role']} {told['tenant']}" if told else "")

    tenant, stranger = grounds.units[OWN], grounds.units[FAR]
    scope = {
        "role": "web_institution",
        "tenant": str(tenant),
        "province": str(grounds.home.province_id),
        "organisation": str(tenant),
    }
    probe = broker.Task(look, "default")
    broker.TASKS.pop(probe.name)
    with suppress(Exception):
        await broker._runner(probe)(scope, "", str(tenant), tenant=str(stranger), achievement_id=str(stranger))
    return [] if entered == [f"worker {tenant}"] else [f"the worker entered as {entered or 'nobody'}"]


# -- plants ----------------------------------------------------------------------------------------------------------


def _handler(grounds: Grounds, name: str) -> Any:
    return next(one for address, methods, one in handlers(grounds.site.app) if f"{methods} {address}" == name)


def lenient_guard(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    async def lets_pass(connection: Any, handler: Any) -> None:
        await load_session(connection)

    patch.setattr(_handler(grounds, LEDGER), "_resolved_guards", [lets_pass])


def lost_permission(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(_handler(grounds, LEDGER).opt, "permission", "institution:self:read")


def widened_role(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    right = isolation.session_permissions
    patch.setattr(
        isolation, "session_permissions", lambda roles, role: right(roles, role) | {"institution:ledger:export"}
    )


def guard_without_audience(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    async def asks_for_permission(connection: Any, handler: Any) -> None:
        edge = await load_session(connection)
        if handler.opt["permission"] not in edge.permissions:
            raise Forbidden

    patch.setattr(_handler(grounds, LEDGER), "_resolved_guards", [asks_for_permission])


def another_s_scope(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    """Every request enters for another institution, whose session it is not."""
    right, world = begin, grounds.worlds[FAR]

    async def enters(driver: Any, scope: Scope, **more: Any) -> None:
        unit = grounds.units[FAR]
        taken = replace(scope, tenant_id=unit, province_id=world.province_id, organisation_id=unit)
        await right(driver, taken if scope.tenant_id == grounds.units[OWN] else scope, **more)

    patch.setattr(isolation, "begin", enters)
    patch.setattr(Transaction, "tenant_id", property(lambda tx: grounds.units[FAR]))


def any_form_key(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(isolation, "form_key_is_ours", lambda secret, token, sent: True)


class WithoutProvince(OrderedDict[Any, Any]):
    """A cache of pages by what follows the province in their address."""

    @staticmethod
    def _place(place: tuple[str, str, bytes]) -> tuple[str, str, bytes]:
        return place[0], "/".join(place[1].split("/")[2:]), place[2]

    def get(self, place: Any, default: Any = None) -> Any:
        return super().get(self._place(place), default)

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(self._place(place) if place[1].startswith("/") else place, value)

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(self._place(place) if place[1].startswith("/") else place)

    def move_to_end(self, key: Any, last: bool = True) -> None:
        super().move_to_end(self._place(key), last)


def shared_cache(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("services.negative_list.publication.cache._kept", WithoutProvince())


def shared_objects(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    store = grounds.site.app.state.objects
    put, get = type(store).put_now, type(store).get_now
    everybody = UUID(int=7)
    patch.setattr(type(store), "put_now", lambda self, tenant, content: put(self, everybody, content))
    patch.setattr(type(store), "get_now", lambda self, tenant, digest: get(self, everybody, digest))


def another_s_file(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    store = grounds.site.app.state.objects
    get = type(store).get_now

    def get_theirs(self: Any, tenant: UUID, digest: str) -> bytes:
        unit = grounds.units[FAR]
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{unit}/")["Contents"]
        bodies = (get(self, unit, one["Key"].partition("/")[2]) for one in listed)
        found: bytes = next(body for body in bodies if grounds.marks[FAR].encode() in body)
        return found

    patch.setattr(type(store), "get_now", get_theirs)


def believing_worker(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    right = broker.entered_as

    def as_payload_says(scope: dict[str, Any], actor: str, department: str) -> tuple[Scope, Actor]:
        unit = str(grounds.units[FAR])
        return right({**scope, "tenant": unit, "organisation": unit}, actor, department)

    patch.setattr(broker, "entered_as", as_payload_says)


def worker_without_tenant(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def unentered(engine: Any, scope: Scope, actor: Actor, **more: Any) -> AsyncIterator[Transaction]:
        async with engine.connect() as connection:
            driver = await driver_of(connection)
            yield Transaction(connection, driver, scope, actor, await legal_instant(driver))

    patch.setattr(broker, "transaction", unentered)


def telling_refusal(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    """Another's object is refused, one that never was is not found: whether it exists is told."""
    right = isolation.cases_in
    theirs = set(grounds.ids[FAR].values())

    def tells(connection: Any) -> list[UUID]:
        found = right(connection)
        if any(str(one) in theirs for one in found):
            raise Forbidden
        return found

    patch.setattr(isolation, "cases_in", tells)


class Anything:
    """Equal to every id."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def unlooked_round(grounds: Grounds, patch: pytest.MonkeyPatch) -> None:
    async def of_any_round(tx: Transaction, round_id: UUID) -> list[Any]:
        return [SimpleNamespace(id=Anything())]

    patch.setattr("services.negative_list.queries.opinions", of_any_round)


APP_HOLES = (
    AppHole("a guard that lets everybody pass", lenient_guard, walked("no_role", LEDGER), "403 → 200"),
    AppHole("a route without its permission", lost_permission, walked("no_role", LEDGER), "403 → 200"),
    AppHole("a widened role", widened_role, walked("completer", "POST /institution/ledger/exports"), "403 → 303"),
    AppHole("a guard that asks for no audience", guard_without_audience, walked("agency", LEDGER), "404 → 403"),
    AppHole("a request that enters for another tenant", another_s_scope, walked("clerk", LEDGER), "tells of another"),
    AppHole("a search that looks in another tenant", another_s_scope, searched, "unlike a word that nobody wrote"),
    AppHole("a form key of another session", any_form_key, form_keys_apart, "is taken"),
    AppHole("a cache key without its province", shared_cache, public_pages_apart, "is that of"),
    AppHole("an object key without its tenant", shared_objects, objects, "handed to another tenant"),
    AppHole("an export that is another's", another_s_file, walked("clerk", EXPORTED), "tells of another"),
    AppHole("a worker for another tenant", believing_worker, worker_works_for_its_own, "the worker entered as"),
    AppHole("a worker without a tenant", worker_without_tenant, worker_works_for_its_own, "the worker entered as"),
    AppHole(
        "a refusal that tells what exists", telling_refusal, attempted("clerk", RECORD, FAR), "unlike an unknown id"
    ),
    AppHole(
        "an id that is not looked for under the other", unlooked_round, walked("science_officer", ANSWER), "around"
    ),
)
