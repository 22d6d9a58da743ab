"""The members of a tenant's archive, read from one moment of the database and from the object store."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.transaction import driver_of
from shared.errors import ApplicationError
from shared.keys.keyring import PURPOSES, Keyring
from shared.storage.objects import ObjectStore
from tenants.archive.contents import Part, key_ids, parts

FORMAT, VERSION = "chengguo tenant archive", 1
_AT_ONCE = 500


class NotArchived(ApplicationError):
    """Something is not as the archive, or as what is asked for, needs it."""

    status = 409


@dataclass(frozen=True, slots=True)
class Whose:
    """The tenant, its province and the schema of the database that it stands in."""

    tenant_id: UUID
    province_id: UUID
    kind: str
    alias: str
    name: str
    schema: str


@dataclass(frozen=True, slots=True)
class Member:
    """One finished member as the manifest lists it; ``rows`` is None for a file."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


class Snapshot:
    """One moment of the database, for one tenant: a read-only transaction that sees nothing of what happens meanwhile."""

    def __init__(self, connection: Any, driver: Any, whose: Whose) -> None:
        self.connection = connection
        self.driver = driver
        self.whose = whose

    async def lines(self, part: Part) -> AsyncIterator[bytes]:
        """The rows of a member, each with its line end, some hundred at a time."""
        query = part.query.replace(":tenant", f"'{self.whose.tenant_id}'").replace(
            ":province", f"'{self.whose.province_id}'"
        )
        cursor = await self.driver.cursor(query)
        while rows := await cursor.fetch(_AT_ONCE):
            yield b"".join(row["line"].encode() + b"\n" for row in rows)

    async def refuse_quarantined(self) -> None:
        """:raises NotArchived: a record waits for the secrecy office, which alone may read it: no archive carries it out."""
        if await self.driver.fetchval(
            "select 1 from app.achievement where tenant_id = $1 and state = 'quarantined' limit 1", self.whose.tenant_id
        ):
            raise NotArchived("有疑似涉密而隔离的成果等待保密工作机构处置，处置完毕后才能整体导出")

    async def keys(self, keyring: Keyring) -> dict[str, dict[str, str]]:
        """The public keys that verify what the rows hold: purpose to key id to 64 hex digits."""
        rows = await self.connection.execute(text(key_ids()), {"tenant": self.whose.tenant_id})
        wanted = {row[0] for row in rows if row[0]}
        found = {purpose: keyring.public_keys(purpose) for purpose in PURPOSES}
        return {
            purpose: {key_id: keys[key_id] for key_id in sorted(keys) if key_id in wanted}
            for purpose, keys in found.items()
        }

    async def archives(self) -> set[str]:
        """The objects that are archives: no archive holds another."""
        rows = await self.connection.execute(
            text("select object_hash from app.tenant_archive where tenant_id = :tenant and object_hash is not null"),
            {"tenant": self.whose.tenant_id},
        )
        return {row[0] for row in rows}


@asynccontextmanager
async def snapshot(engine: AsyncEngine, tenant_id: UUID, *, worker: bool = False) -> AsyncIterator[Snapshot]:
    """A moment of the database: by the maintenance login, or confined as the tenant's ``worker``.

    :raises NotArchived: no such tenant, or one that is no institution.
    """
    async with engine.connect() as connection:
        driver = await driver_of(connection)
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            whose = await _whose(driver, tenant_id)
            if worker:
                ids = (tenant_id, whose.province_id, tenant_id)
                await driver.execute("select app.enter_regardless('worker', $1, $2, $3)", *ids)
            else:
                await driver.execute(
                    "select set_config('app.tenant_id', $1, true), set_config('app.province_id', $2, true)",
                    str(tenant_id),
                    str(whose.province_id),
                )
            await driver.execute(
                "set local timezone = 'UTC'; set local datestyle = 'ISO'; set local bytea_output = 'hex'"
            )
            yield Snapshot(connection, driver, whose)


async def _whose(driver: Any, tenant_id: UUID) -> Whose:
    row = await driver.fetchrow("select t.*, app.schema_revision() as schema from app.tenant_of($1) t", tenant_id)
    if row is None or row["id"] is None:
        raise NotArchived(f"没有单位“{tenant_id}”")
    if row["kind"] not in ("institution", "training"):
        raise NotArchived("只有科研单位的数据可以整体导出：主管部门的目录、规则和统计属于本平台")
    return Whose(tenant_id, row["province_id"], row["kind"], row["alias"], row["name"], row["schema"])


def files_of(objects: ObjectStore, tenant_id: UUID, archives: set[str]) -> Iterator[str]:
    """The hashes of the tenant's files, sorted."""
    return (digest for digest in objects.list_now(tenant_id) if digest not in archives)


async def measured(moment: Snapshot, objects: ObjectStore, keyring: Keyring) -> dict[str, Any]:
    """The manifest of what stands here now, without writing any of it down."""
    members = []
    for part in parts():
        digest, rows, size = sha256(), 0, 0
        async for chunk in moment.lines(part):
            digest.update(chunk)
            rows, size = rows + chunk.count(b"\n"), size + len(chunk)
        members.append(Member(part.name, rows, size, digest.hexdigest()))
    for name in files_of(objects, moment.whose.tenant_id, await moment.archives()):
        content = objects.get_now(moment.whose.tenant_id, name)
        members.append(Member(f"files/{name}", None, len(content), name))
    return manifest(moment.whose, members, await moment.keys(keyring))


def manifest(whose: Whose, members: list[Member], keys: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What an archive says of itself; without a date, so that the same content gives the same archive."""
    listed = [
        {"name": m.name, "bytes": m.bytes, "sha256": m.sha256, **({} if m.rows is None else {"rows": m.rows})}
        for m in members
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema": whose.schema,
        "tenant": {
            "id": str(whose.tenant_id),
            "province_id": str(whose.province_id),
            "kind": whose.kind,
            "alias": whose.alias,
            "name": whose.name,
        },
        "keys": keys,
        "members": listed,
        "total": {
            "members": len(members),
            "rows": sum(m.rows or 0 for m in members),
            "bytes": sum(m.bytes for m in members),
            "sha256": total_of((m.name, m.sha256) for m in members),
        },
    }


def total_of(members: Iterator[tuple[str, str]]) -> str:
    """One checksum over all: SHA-256 of a line ``sha256  name`` for each member, in the order of the manifest."""
    return sha256("".join(f"{digest}  {name}\n" for name, digest in members).encode()).hexdigest()


def as_text(found: dict[str, Any]) -> bytes:
    """A manifest's bytes."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
