"""A day of three institutions, and where none of their markers may turn up but with its own.

Every judge returns what it found, in words; nothing found is an empty list.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

import services.worker  # noqa: F401 - declares the tasks
from services.models import metadata
from shared.tasks import broker
from tenants.isolation import new_form_key
from tests.services.home.test_mail import PostOffice, address, work
from tests.tenancy.grounds import Grounds
from tests.tenancy.grounds.addresses import Route, routes
from tests.tenancy.grounds.asking import Asking
from tests.tenancy.walk import Walk

PEOPLE = ("clerk", "department_head", "completer", "finance", "system_admin", "secrecy", "security_admin")


def texts_in(data: bytes) -> Iterator[bytes]:
    """What a file says: its bytes, and those of every file packed into it."""
    yield data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield from texts_in(packed.read(name))


@dataclass(slots=True)
class Day:
    """One institution's day: everything that it met, (where, bytes), and the ways of looking at it."""

    grounds: Grounds
    owner: str
    holder: dict[str, Any]
    met: list[tuple[str, bytes]] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)

    @property
    def tenant(self) -> UUID:
        return self.grounds.units[self.owner]

    @property
    def marks(self) -> dict[str, str]:
        """Whose marker: the other two."""
        return {name: mark for name, mark in self.grounds.marks.items() if name != self.owner}

    async def ready(self) -> "Day":
        for caller in self.grounds.people(self.owner, "integration"):
            if caller.name in (*PEOPLE, "integration"):
                asking = await Asking(self.grounds, caller, self.holder).ready()
                self.walks.append(Walk(self.grounds, asking))
        return self

    def meet(self, where: str, answer: Any) -> None:
        self.met.append((f"{where} head", repr(answer.headers.raw).encode()))
        self.met += [(where, part) for part in texts_in(answer.content)]

    async def look_around(self) -> None:
        """Every page, file and answer that somebody of the institution may read, once."""
        seen: set[str] = set()
        for walk in self.walks:
            program = walk.asking.caller is not None and walk.asking.caller.name == "integration"
            for route in routes(self.grounds.site.app):
                audience = "api" if program else "institution"
                if route.method != "GET" or route.audience != audience or route.name in seen or not walk.may_ask(route):
                    continue
                ids = {**self.grounds.ids[self.owner], "session": walk.asking.own_session, "submission": ""}
                answer = await walk.asking.ask(route, ids)
                self.meet(f"{self.owner} {route.name} {answer.status_code}", answer)
                if answer.status_code == 200:
                    seen.add(route.name)

    async def go_wrong(self, stranger: str) -> None:
        """Error pages: another's id, a form with nothing right, an address that is none, a word of another's."""
        clerk = self.walks[0].asking
        ids = {**self.grounds.ids[stranger], "session": "0" * 64, "submission": ""}
        for route in routes(self.grounds.site.app):
            if route.audience == "institution" and route.parts and self.walks[0].may_ask(route):
                self.meet(f"{self.owner} wrong {route.name}", await clerk.ask(route, ids))
        word = self.grounds.marks[stranger][:8]
        for route in (
            Route("GET", "/institution/ledger", "institution", "", ()),
            Route("GET", "/institution/no-such-page", "institution", "", ()),
        ):
            answer = await clerk.ask(route, {}, {"q": word})
            self.meet(f"{self.owner} search {route.name}", answer)

    async def export(self) -> None:
        """Ask for the ledger as a file, let the worker write it, fetch it."""
        clerk = self.walks[0].asking
        key = new_form_key(self.grounds.site.app.state.keyring.form_key, clerk.token)
        asked = await clerk.client.post("/institution/ledger/exports", data={"form_key": key})
        assert asked.status_code == 303, asked.text[:500]
        await self.work_queue()
        address_ = asked.headers["location"].partition("?")[0]
        file = await clerk.client.get(f"{address_}/file")
        assert file.status_code == 200, file.text[:500]
        self.meet(f"{self.owner} export", file)

    async def work_queue(self) -> None:
        """What waits in the queue for the institution, as the worker takes it."""
        async with self.grounds.home.maintenance.begin() as connection:
            query = text(
                "delete from app.task_queue where message -> 'kwargs' -> 'scope' ->> 'tenant' = :tenant "
                "and message ->> 'actor_name' = 'write_export' returning message::text as said, message -> 'kwargs' as sent"
            )
            waiting = (await connection.execute(query, {"tenant": str(self.tenant)})).all()
        for row in waiting:
            self.met.append((f"{self.owner} queue", row.said.encode()))
            await broker._runner(broker.TASKS["write_export"])(**row.sent)

    async def send_mail(self, post: PostOffice) -> None:
        """News to a person, by message and mail."""
        world, mark = self.grounds.worlds[self.owner], self.grounds.marks[self.owner]
        clerk = await address(world, self.tenant, "clerk")
        async with world.acting(self.tenant) as tx:
            from shared.workflow import send

            await send(tx, "message", {"title": f"{mark}消息", "to_person": str(clerk), "href": "/institution"})
            await send(tx, "mail", {"subject": f"{mark}信", "text": f"{mark}正文", "to_person": str(clerk)})
        before = len(post.received)
        await work(world, self.tenant)
        assert len(post.received) > before
        self.met += [(f"{self.owner} mail", bytes(one)) for one in post.received[before:]]
        for one in post.received[before:]:
            body = one.get_body()
            self.met.append((f"{self.owner} mail", body.get_content().encode() if body else b""))

    # -- judges ----------------------------------------------------------------------------------------------------------

    def strangers_met(self) -> list[str]:
        """Where another's marker was met, with what was asked for taken out of it."""
        return [
            f"{where}: {whose}"
            for where, said in self.met
            for whose, mark in self.marks.items()
            if mark.encode() in said
        ]

    async def kept(self) -> list[str]:
        """Rows of the institution, of whatever table, that say another's marker."""
        names = sorted(table.name for table in metadata.tables.values() if "tenant_id" in table.c)
        query = text(
            " union all ".join(
                f"select '{name}' as name from app.{name} r where tenant_id = :tenant and r::text ~ :marks"
                for name in names
            )
        )
        async with self.grounds.home.maintenance.connect() as connection:
            found = await connection.execute(query, {"tenant": self.tenant, "marks": "|".join(self.marks.values())})
            return [f"{self.owner} rows of {row.name}" for row in found]

    def stored(self) -> list[str]:
        """Objects under the institution's prefix that say another's marker, and keys under nobody's."""
        store = self.grounds.site.app.state.objects
        listed = store._client.get_paginator("list_objects_v2").paginate(Bucket=store._bucket, Prefix=f"{self.tenant}/")
        found = []
        for key in [one["Key"] for page in listed for one in page.get("Contents", [])]:
            body = store._client.get_object(Bucket=store._bucket, Key=key)["Body"].read()
            for said in (key.encode(), *texts_in(body)):
                found += [
                    f"{self.owner} object {key}: {whose}" for whose, mark in self.marks.items() if mark.encode() in said
                ]
        return found


async def objects_apart(grounds: Grounds) -> list[str]:
    """What one institution stored is under its own key and handed to nobody else, who may store the same bytes too."""
    from shared.errors import NotFound

    store, found = grounds.site.app.state.objects, []
    first, second = grounds.units["own"], grounds.units["far"]
    said = f"金丝雀 {uuid4()}".encode()
    digest = await store.put(first, said)
    try:
        await store.get(second, digest)
        found.append("an object is handed to another tenant")
    except NotFound:
        pass
    listed = store._client.list_objects_v2(Bucket=store._bucket, Prefix=f"{first}/{digest}").get("KeyCount", 0)
    if listed != 1:
        found.append("an object's key does not begin with its tenant")
    return found
