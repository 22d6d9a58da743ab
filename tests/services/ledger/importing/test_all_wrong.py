"""Very many rows that are all wrong: one page of groups, one workbook of refusals, memory that does not grow with them."""

import io
import tracemalloc
from uuid import UUID

from python_calamine import CalamineWorkbook

from services.ledger.importing import queries, workflow
from services.ledger.importing.answering import Answered
from services.ledger.importing.returning import returned_file
from services.ledger.importing.settling import Rows
from shared.documents.uploads import Upload
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import HEAD, read_through, state_of, workbook
from tests.services.ledger.importing.test_answering import answered
from tests.services.ledger.importing.test_importing_pages import HOME, text_of
from tests.web import Site
from tests.world import World

MANY = 30_000


async def test_very_many_wrong_rows_are_one_page_one_workbook_and_one_answer(
    world: World, site: Site, objects: ObjectStore
) -> None:
    rows = [[f"第{n}号工艺", "甘棠", "非专利技术", "", "待定", "", "-1" if n % 3 == 0 else ""] for n in range(MANY)]
    async with world.acting(world.university) as tx:
        import_id = await workflow.receive(tx, objects, Upload("台账.xlsx", workbook(rows, HEAD)))
    assert isinstance(import_id, UUID)
    await read_through(world, world.university, objects, import_id, size=5_000)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions, row.refused) == (0, 20_000, 10_000)

    clerk = await site.signed_in(world, world.university)
    for address in (f"{HOME}/{import_id}", f"{HOME}/{import_id}/questions"):
        page = await clerk.get(address)
        assert len(page.content) < 60_000
    assert "用于这 20,000 行" in text_of(page)

    async with world.acting(world.university) as tx:
        found = await queries.find_import(tx, import_id)
        assert found is not None
        tracemalloc.start()
        content = await returned_file(tx, objects, found)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # rows are written as they come: the workbook itself and one page of rows
    assert peak < len(content) * 3 + 20 * 2**20
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        assert sum(1 for _ in book.get_sheet_by_index(0).iter_rows()) == MANY + 1

    asked = Rows(code="status_unknown", field="转化状态", said="待定")
    assert await answered(world, import_id, asked, {"status": "未转化"}) == Answered(20_000, waiting=True)
    progress = text_of(await clerk.get(f"{HOME}/{import_id}/questions"))
    assert "正在重新核对 20,000 行" in progress
