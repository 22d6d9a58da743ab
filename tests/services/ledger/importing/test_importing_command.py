"""`chengguo import FILE --tenant T`: the same import from the server's command line."""

import asyncio
from pathlib import Path
from uuid import UUID

from click.testing import CliRunner, Result

from services.cli import cli
from services.ledger.importing import queries, workflow
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import AS_OF, SAMPLE, counted, ledger
from tests.world import World

_IN_LEDGER = "select count(*) from app.achievement where tenant_id = :tenant"
_QUEUED = (
    "select count(*) from app.task_queue where message ->> 'actor_name' = 'apply_import' "
    "and message -> 'kwargs' ->> 'import_id' = :id"
)


async def run(*words: str) -> Result:
    """The command in a thread of its own, since it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["import", *words])


async def test_a_ledger_is_imported_with_its_counts_told(world: World, objects: ObjectStore) -> None:
    done = await run(str(SAMPLE), "--tenant", str(world.university), "--confirm")
    assert done.exit_code == 0, done.output
    assert "可以导入 353 项，待人工确认 60 项，退回 6 项" in done.output
    assert "已导入 353 项，台账序号 1 至 353，自 2025-12-31 起有效" in done.output
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 353
    again = await run(str(SAMPLE), "--tenant", str(world.university), "--confirm")
    assert again.exit_code == 0
    assert "没有重复导入" in again.output
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 353


async def test_without_confirmation_it_waits_for_the_clerk(world: World, objects: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "台账.xlsx"
    file.write_bytes(ledger(3, title="").content)
    done = await run(str(file), "--tenant", world.institute.hex, "--as-of", "2025-06-30")
    assert done.exit_code == 0, done.output
    assert "没有写入台账" in done.output
    async with world.acting(world.institute) as tx:
        (row,) = await queries.list_imports(tx)
        assert (row.state, row.as_of_proposed.isoformat()) == ("checked", "2025-06-30")
        assert await workflow.confirm(tx, UUID(str(row.id)), AS_OF) is None
    assert await counted(world, _QUEUED, id=str(row.id)) == 1


async def test_what_cannot_be_done_is_said(world: World, objects: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"MZ\0\1")
    unknown = await run(str(SAMPLE), "--tenant", "没有这个单位")
    assert (unknown.exit_code, "没有机构" in unknown.output) == (1, True)
    bad = await run(str(file), "--tenant", str(world.university))
    assert (bad.exit_code, "Windows 程序" in bad.output) == (1, True)
    file.write_bytes(ledger(1, title="").content)
    undated = await run(str(file), "--tenant", str(world.university), "--confirm")
    assert (undated.exit_code, "没有写明台账的截止日期" in undated.output) == (1, True)
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 0
    neither = await run(str(SAMPLE))
    assert neither.exit_code == 2
