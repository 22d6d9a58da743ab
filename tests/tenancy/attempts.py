"""Attempts to reach another tenant's things, as Hypothesis draws them, and the judges of what came of them.

Each judge answers with a breach in words, or with None: the other's id was answered byte for byte as one that never was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

import services.worker  # noqa: F401 - declares the tasks
from services.models import metadata
from shared.db.transaction import Transaction
from shared.errors import ApplicationError
from shared.tasks import broker
from shared.workflow import send
from tests.tenancy.grounds import FAR, OTHER, OWN, Caller, Grounds
from tests.tenancy.grounds.addresses import Route, routes
from tests.tenancy.grounds.asking import Asking, plain, said
from tests.tenancy.walk import FOREIGN, Walk, never_was

FILES = re.compile(r"/(file|workbook|export|returned|secret|atom)$|/(papers|documents)/\{\w+\}$|/sheets/")
# Fields in which forms and addresses name something; a form passes over what it does not know.
FIELDS = (
    "achievement_id", "agency_id", "application", "case", "completer", "completer_id", "conversion_id", "delegate", "from",
    "id", "ids", "item", "items", "list_version_id", "only", "payment", "person", "person_id", "q", "representative", "row",
    "rows", "submission", "successor", "target", "version_id",
)  # fmt: skip
# The messages of the queue that name something, and what.
TASKS = {
    "read_import_chunk": ("import_id", "import"),
    "apply_import": ("import_id", "import"),
    "tidy_import": ("import_id", "import"),
    "undo_import": ("import_id", "import"),
    "settle_answers": ("import_id", "import"),
    "wipe_copy": ("import_id", "import"),
    "write_export": ("export_id", "export"),
}
SEARCHES = (
    "/institution/ledger", "/institution/ledger/facets", "/institution/ledger/print", "/institution/persons",
    "/institution/audit", "/institution/notices", "/institution/disclosures", "/institution/accounts", "/console/search",
    "/api/achievements", "/api/disclosures",
)  # fmt: skip
_ANY_ID = re.compile(r"YJ\d{8}-\w{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[0-9a-f]{32})?|\b[0-9a-f]{32}\b")


@dataclass(slots=True, repr=False)
class Attempts:
    """Callers that are signed in, what each may ask for, and the answers to ids that never were."""

    grounds: Grounds
    holder: dict[str, Any]
    walks: dict[str, Walk] = field(default_factory=dict)
    routes: dict[str, list[Route]] = field(default_factory=dict)
    never: dict[tuple[object, ...], tuple[object, ...]] = field(default_factory=dict)

    async def ready(self) -> "Attempts":
        for caller in self.grounds.callers():
            walk = Walk(self.grounds, await Asking(self.grounds, caller, self.holder).ready())
            self.walks[caller.name] = walk
            self.routes[caller.name] = [one for one in routes(self.grounds.site.app) if walk.may_ask(one)]
        return self

    def choices(self, channel: str) -> list[tuple[str, Route]]:
        """(caller, route) of one channel: addresses that name something and that the caller's roles open."""
        return [
            (name, one)
            for name, found in self.routes.items()
            for one in found
            if _channel(one) == channel and one.parts
        ]

    def owners(self, caller: str) -> Sequence[str]:
        return [owner for owner in FOREIGN[self.walks[caller].kind] if owner != OWN]

    # -- judges ----------------------------------------------------------------------------------------------------------

    async def address(self, caller: str, route: Route, owner: str, mask: int) -> str | None:
        """Another's ids in some places of an address (bits of ``mask``), own ones in the others."""
        walk = self.walks[caller]
        own, theirs = walk.ids_of(OWN, route), walk.ids_of(owner, route)
        taken = [kind for place, (_, kind) in enumerate(route.parts) if mask >> place & 1 and theirs[kind] != own[kind]]
        if not taken:
            return None
        ids = {**own, **{kind: theirs[kind] for kind in taken}}
        key = (caller, route.name, *taken)
        if key not in self.never:
            nothing = {**own, **{kind: never_was(kind) for kind in taken}}
            self.never[key] = plain(await walk.asking.ask(route, nothing), nothing)
        answer = await walk.asking.ask(route, ids)
        told = self.told(caller, answer)
        if told or plain(answer, ids) != self.never[key]:
            return f"{caller} {route.name} {owner} {taken}: {answer.status_code} {told or 'unlike an unknown id'}"
        return None

    async def named(self, caller: str, route: Route, owner: str, kinds: Mapping[str, str]) -> str | None:
        """An own address, and fields (name to kind) that name another's things."""
        walk = self.walks[caller]
        own, theirs = walk.ids_of(OWN, route), walk.ids_of(owner, route)
        fields = {name: theirs[kind] for name, kind in kinds.items()}
        nothing = {name: never_was(kind) for name, kind in kinds.items()}
        answer = await walk.asking.ask(route, own, fields)
        wanted = await walk.asking.ask(route, own, nothing)
        told = self.told(caller, answer)
        if told or _loosely(answer, fields) != _loosely(wanted, nothing):
            return f"{caller} {route.name} {owner} {fields}: {answer.status_code} {told or 'unlike an unknown id'}"
        return None

    async def word(self, caller: str, address: str, owner: str, start: int, length: int) -> str | None:
        """A search for a piece of what only another's rows say."""
        walk = self.walks[caller]
        word = self.grounds.marks[owner][start : start + length]
        if any(word in mark for name, mark in self.grounds.marks.items() if name != owner):
            return None
        nothing = "".join("zyxwvutsrq"[(ord(one) + start) % 10] for one in word)
        route = Route("GET", address, address.split("/")[1], "", ())
        answer = await walk.asking.ask(route, {}, {"q": word})
        wanted = await walk.asking.ask(route, {}, {"q": nothing})
        if _loosely(answer, {"q": word}) != _loosely(wanted, {"q": nothing}):
            return f"{caller} {address} q={word}: {answer.status_code} unlike a word that nobody wrote"
        return None

    async def job(self, owner: str, task: str, forged: bool) -> str | None:
        """A message of one's own queue that names another's thing, or says that it works for the other."""
        world, tenant = self.grounds.home, self.grounds.units[OWN]
        name, kind = TASKS[task]
        payload: dict[str, Any] = {name: self.grounds.ids[owner][kind]}
        if forged:
            payload["scope"] = {"role": "worker", "tenant": str(self.grounds.units[owner])}
        async with world.acting(tenant) as tx:
            key = uuid4()
            await broker.ask(tx, task, broker.TASKS[task].queue, key=key, **payload)
        async with world.maintenance.begin() as connection:
            query = "delete from app.task_queue where message_id = :key returning message -> 'kwargs' as sent"
            row = (await connection.execute(text(query), {"key": key})).one()
        sent = dict(row.sent)
        if sent["scope"]["tenant"] != str(tenant):
            return f"{task}: the message works for {sent['scope']['tenant']}"
        try:
            await broker._runner(broker.TASKS[task])(**sent)
        except ApplicationError:
            return None
        return None

    async def message(self, owner: str, kind: str, field_name: str) -> str | None:
        """An outbox row that addresses another tenant's person or organisation."""
        world, tenant = self.grounds.home, self.grounds.units[OWN]
        theirs = self.grounds.ids[owner]
        payload = {"title": "越界", "subject": "越界", "text": "越界", "to_permission": "institution:home:read"}
        payload[field_name] = theirs["person" if field_name == "to_person" else "tenant"]
        async with world.acting(tenant) as tx:
            await send(tx, kind, payload)
        async with world.working(tenant) as tx:
            return await _delivered(tx, self.grounds.units[owner])

    def told(self, caller: str, answer: httpx.Response) -> str | None:
        """What of another's an answer says; the id that was asked for stands in it by right."""
        whole = said(answer) + str(answer.headers.raw)
        return next((f"tells {mark}" for mark in self.walks[caller].marks if mark in whole), None)


async def _delivered(tx: Transaction, stranger: UUID) -> str | None:
    from services.home.delivering.workflow import deliver

    try:
        async with tx.attempt():
            await deliver(tx, None)
    except Exception as refused:
        return None if "foreign key" in str(refused) or isinstance(refused, ApplicationError) else f"outbox: {refused}"
    return None


def _channel(route: Route) -> str:
    if FILES.search(route.address):
        return "files"
    return "api" if route.audience == "api" else "pages"


def _loosely(answer: httpx.Response, fields: Mapping[str, str]) -> tuple[int, str, str]:
    """An answer to a form without any id or receipt: what was made anew has another one each time."""
    body, location = said(answer), answer.headers.get("location", "")
    for value in fields.values():
        body, location = body.replace(value, "-"), location.replace(value, "-")
    return answer.status_code, _ANY_ID.sub("-", location), _ANY_ID.sub("-", body)


async def fingerprint(grounds: Grounds, owner: str) -> list[str]:
    """A hash of the rows of each table of a tenant: attempts leave them as they were."""
    counted = (
        "select '{0} ' || coalesce(md5(string_agg(r::text, '' order by r::text)), '-') as hash "
        "from app.{0} r where tenant_id = :tenant"
    )
    names = sorted(table.name for table in metadata.tables.values() if table.info["scope"] == "tenant")
    query = text(" union all ".join(counted.format(name) for name in names))
    async with grounds.home.maintenance.connect() as connection:
        return sorted(row.hash for row in await connection.execute(query, {"tenant": grounds.units[owner]}))


STRANGERS = (OTHER, FAR)
__all__ = ["FIELDS", "SEARCHES", "STRANGERS", "TASKS", "Attempts", "Caller", "fingerprint"]
