"""`chengguo import FILE --tenant T`: the verbs of an import run one after another, on the server, without the queue."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger.importing import display, queries, workflow
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.documents.scanner import Scanner
from shared.documents.uploads import Upload, file_name_of
from shared.errors import NotFound, Refusal, Unavailable, UploadRefused
from shared.settings import SettingsError, settings
from shared.storage.objects import ObjectStore
from tenants.registry import Tenant, list_tenants

Say = Callable[[str], None]


class CommandRefused(Exception):
    """What could not be done, in Chinese."""


def import_for_tenant(file: Path, tenant: str, as_of: date | None, say: Say, *, confirm: bool) -> None:
    """Read and check a ledger of a tenant (id, alias or name); with ``confirm`` import what is right.

    Without ``confirm`` the checked import waits in the tenant's pages. Run again, it goes on where it stopped.

    :raises CommandRefused: no such tenant, no ledger, no as-of day.
    """
    configuration = settings()
    if configuration.database_tasks_url is None:
        raise SettingsError("缺少 CHENGGUO_DATABASE_TASKS_URL：导入须用任务进程的数据库账号")
    url = configuration.database_tasks_url.get_secret_value()
    upload = Upload(file_name_of(file.name), file.read_bytes())
    scanner = Scanner(configuration.scanner_url, configuration.scanner_seconds)

    async def main() -> None:
        await _examined(scanner, upload)
        engine = make_engine(url, pool_size=2, application="command")
        try:
            found = await tenant_named(engine, tenant)
            await _Run(engine, found, ObjectStore(configuration), say).run(upload, as_of, confirm=confirm)
        finally:
            await engine.dispose()

    asyncio.run(main())


async def _examined(scanner: Scanner, upload: Upload) -> None:
    try:
        await scanner.examine(upload.content)
    except (UploadRefused, Unavailable) as error:
        raise CommandRefused(error.message) from error


async def tenant_named(engine: AsyncEngine, wanted: str) -> Tenant:
    """The one institution of that id, alias or name.

    :raises CommandRefused: none, or several.
    """
    found = [
        one
        for one in await list_tenants(engine)
        if one.kind == "institution" and wanted in (str(one.id), one.alias, one.name)
    ]
    if len(found) != 1:
        raise CommandRefused(f"{'没有' if not found else '不止一个'}机构“{wanted}”；请给出机构的编号、代号或全称")
    return found[0]


class _Run:
    def __init__(self, engine: AsyncEngine, tenant: Tenant, objects: ObjectStore, say: Say) -> None:
        self._engine = engine
        self._objects = objects
        self._say = say
        self._scope = Scope("worker", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
        self._actor = Actor(None, tenant.id, address="command")

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return transaction(self._engine, self._scope, self._actor)

    async def run(self, upload: Upload, as_of: date | None, *, confirm: bool) -> None:
        import_id = await self._received(upload, as_of)
        more = True
        while more:
            async with self._transaction() as tx:
                more = await workflow.read_chunk(tx, self._objects, import_id)
                row = await _found(tx, import_id)
            self._say(f"已核对 {row.rows_done}/{row.rows_total} 行")
        if row.state == "failed":
            raise CommandRefused(str(row.error))
        self._tell(row)
        if row.state not in ("checked", "applying"):
            return
        if not confirm:
            self._say("没有写入台账：加上 --confirm 导入，或由经办人在“导入台账”页确认")
            return
        await self._applied(row, as_of or row.as_of_proposed)

    async def _received(self, upload: Upload, as_of: date | None) -> UUID:
        async with self._transaction() as tx:
            received = await workflow.receive(tx, self._objects, upload, source="command", as_of=as_of, queued=False)
        if not isinstance(received, Refusal):
            return received
        known = received.inputs.get("import_id")
        if known is None:
            raise CommandRefused(received.message)
        self._say(received.message)
        return UUID(known)

    def _tell(self, row: Row[Any]) -> None:
        self._say(f"可以导入 {row.valid} 项，待人工确认 {row.questions} 项，退回 {row.refused} 项")
        for group in display.groups_of(row.summary):
            places = "；".join(f"{sheet} {rows}" for sheet, rows in group.places)
            self._say(f"{group.kind}　{group.field}：{group.reason}　{group.n} 行　{places}")

    async def _applied(self, row: Row[Any], as_of: date | None) -> None:
        if row.state == "checked":
            async with self._transaction() as tx:
                refusal = await workflow.confirm(tx, row.id, as_of, queued=False)
            if refusal is not None:
                raise CommandRefused(refusal.message)
        async with self._transaction() as tx:
            await workflow.apply(tx, row.id)
        async with self._transaction() as tx:
            await workflow.tidy(tx, row.id)
            done = await _found(tx, row.id)
        if done.state != "applied":
            raise CommandRefused(str(done.error))
        numbers = f"，台账序号 {done.first_number} 至 {done.last_number}" if done.first_number else ""
        self._say(f"已导入 {done.valid} 项{numbers}，自 {done.as_of} 起有效")


async def _found(tx: Transaction, import_id: UUID) -> Row[Any]:
    row = await queries.find_import(tx, import_id)
    if row is None:
        raise NotFound
    return row
