"""Imports for tests: the sample ledgers, workbooks made on the spot, and an import taken to a state."""

import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import xlsxwriter
from sqlalchemy import Row, text

from services.ledger.importing import workflow
from services.ledger.importing.queries import find_import
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import Refusal
from shared.storage.objects import ObjectStore
from tests.web import Site
from tests.world import World

DATA = Path(__file__).resolve().parents[3] / "data"
SAMPLE = DATA / "yunnan_university.xlsx"
AS_OF = date(2025, 12, 31)
HEAD = ("成果名称", "完成人", "成果类型", "授权号", "转化状态", "转化方式", "转化价值（万元）")


def sample() -> Upload:
    """The clerk's ledger of the first sample: 353 clean rows, 60 with a question, 6 refused, two of them classified."""
    return Upload(SAMPLE.name, SAMPLE.read_bytes())


def workbook(rows: Iterable[Sequence[Any]], head: Sequence[str] = HEAD, *, title: str = "") -> bytes:
    """A small ledger as a clerk would send it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 3, 1)})  # noqa: DTZ001 - the same rows are the same file
        sheet = book.add_worksheet("台账")
        lines = [[title]] if title else []
        for number, row in enumerate([*lines, head, *rows]):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


def plain_rows(count: int, first: int = 1) -> list[list[Any]]:
    """Rows without any fault: non-patent technology needs no number."""
    return [[f"第{n}号示例工艺", "甘棠、伍文", "非专利技术", "", "未转化", "", ""] for n in range(first, first + count)]


def ledger(count: int = 3, first: int = 1, *, title: str = "截至2025年12月31日") -> Upload:
    return Upload("台账.xlsx", workbook(plain_rows(count, first), title=title))


async def received(world: World, tenant: UUID, objects: ObjectStore, upload: Upload) -> UUID:
    async with world.acting(tenant) as tx:
        import_id = await workflow.receive(tx, objects, upload)
    assert not isinstance(import_id, Refusal), import_id
    return import_id


async def read_through(world: World, tenant: UUID, objects: ObjectStore, import_id: UUID, size: int = 100) -> None:
    more = True
    while more:
        async with world.working(tenant) as tx:
            more = await workflow.read_chunk(tx, objects, import_id, size=size)


async def checked(world: World, tenant: UUID, objects: ObjectStore, upload: Upload) -> UUID:
    import_id = await received(world, tenant, objects, upload)
    await read_through(world, tenant, objects, import_id)
    return import_id


async def applied(world: World, tenant: UUID, objects: ObjectStore, upload: Upload, as_of: date = AS_OF) -> UUID:
    import_id = await checked(world, tenant, objects, upload)
    async with world.acting(tenant) as tx:
        assert await workflow.confirm(tx, import_id, as_of) is None
    async with world.working(tenant) as tx:
        await workflow.apply(tx, import_id)
    return import_id


async def state_of(world: World, tenant: UUID, import_id: UUID) -> Row[Any]:
    async with world.acting(tenant) as tx:
        row = await find_import(tx, import_id)
    assert row is not None
    return row


async def counted(world: World, query: str, **values: Any) -> int:
    """One number, looked up past row-level security."""
    async with world.maintenance.connect() as connection:
        return int((await connection.execute(text(query), values)).scalar_one())


async def send(site: Site, method: str, address: str, *, key: str | None = None, **options: Any) -> httpx.Response:
    """A request of the machine account that the fixture ``account`` makes believed."""
    headers = {"authorization": "Bearer token", "idempotency-key": key or uuid4().hex, **options.pop("headers", {})}
    return await site.anonymous().client.request(method, address, headers=headers, **options)


class Killed(Exception):
    """The worker died at this point."""


async def killed_after(world: World, tenant: UUID, work: Callable[[Transaction], Awaitable[Any]]) -> None:
    """Do a worker's work and die before it is committed."""
    try:
        async with world.working(tenant) as tx:
            await work(tx)
            raise Killed
    except Killed:
        pass
