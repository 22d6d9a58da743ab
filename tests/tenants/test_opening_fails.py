"""``chengguo tenant create`` that fails in the database or in the object store: the same command makes it whole, once.

The steps at the identity provider are failed in ``tests/sso``; here there is none, and the command says what to do by hand.
"""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from services.cli import cli
from shared.db.transaction import Transaction
from shared.errors import Unavailable
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.world import World

_ROWS = {
    "units": "select count(*) from app.organisation where name = :name",
    "entries": "select count(*) from app.tenant_directory where alias = :alias",
    "departments": "select count(*) from app.supervision s join app.organisation o on o.id = s.tenant_id where name = :name",
    "log": "select count(*) from app.audit_entry e join app.organisation o on o.id = e.object_id where name = :name",
}
WHOLE = {"units": 1, "entries": 1, "departments": 1, "log": 1}
NOTHING = dict.fromkeys(WHOLE, 0)


class Steps:
    """Counts what is said to the database, and fails at one of them: it is not heard, or its answer is lost."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count, self.fail_at, self.lost, self.failed = 0, 0, False, ""
        for owner, name in (
            (Transaction, "execute"),
            (asyncpg.Connection, "execute"),
            (asyncpg.Connection, "fetchrow"),
        ):
            patch.setattr(owner, name, self.failing(getattr(owner, name)))

    def failing(self, honest: Any) -> Any:
        async def said(owner: Any, statement: Any, *arguments: Any, **more: Any) -> Any:
            if str(statement) == "rollback":
                return await honest(owner, statement, *arguments, **more)
            self.count += 1
            if self.count != self.fail_at:
                return await honest(owner, statement, *arguments, **more)
            self.failed = str(statement)
            if self.lost:
                await honest(owner, statement, *arguments, **more)
            raise asyncpg.ConnectionDoesNotExistError("planted")

        return said


def create(world: World, alias: str) -> Result:
    words = ["tenant", "create", "--province", world.slug, "--kind", "institution", "--unit-kind", "university"]
    words += [
        "--name",
        f"示例{alias}",
        "--short-name",
        alias[:10],
        "--alias",
        alias,
        "--prefix",
        alias.partition("-")[0].upper(),
    ]
    return CliRunner().invoke(cli, [*words, "--department", world.department.hex])


async def standing(world: World, alias: str) -> dict[str, int]:
    async with world.maintenance.connect() as connection:
        found = {}
        for what, asked in _ROWS.items():
            name = {"alias": alias} if ":alias" in asked else {"name": f"示例{alias}"}
            found[what] = int((await connection.execute(text(asked), name)).scalar_one())
        return found


@pytest.mark.requirement("R189")
async def test_a_failure_in_the_database_leaves_nothing_or_all_and_is_mended_by_the_same_command(
    configuration: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(monkeypatch)
    first = await asyncio.to_thread(create, world, f"whole-{world.slug}")
    assert first.exit_code == 0, first.output
    assert await standing(world, f"whole-{world.slug}") == WHOLE
    number = steps.count
    assert number >= 8
    for step, lost in [*((one, False) for one in range(1, number + 1)), (number, True)]:
        alias = f"f{step}{'l' if lost else ''}-{world.slug}"
        steps.count, steps.fail_at, steps.lost, steps.failed = 0, step, lost, ""
        failed = await asyncio.to_thread(create, world, alias)
        steps.fail_at = 0
        assert (failed.exit_code, "重新执行同一条命令" in failed.output) == (1, True), (
            step,
            steps.failed,
            failed.output,
        )
        assert await standing(world, alias) == (WHOLE if lost else NOTHING)
        mended = await asyncio.to_thread(create, world, alias)
        assert mended.exit_code == 0, mended.output
        assert ("没有变化" in mended.output) == lost
        assert await standing(world, alias) == WHOLE
    assert steps.failed == "commit"


@pytest.mark.requirement("R189")
@pytest.mark.parametrize("step", ["put_now", "get_now", "remove_now"])
async def test_a_failure_in_the_object_store_is_mended_by_the_same_command(
    configuration: Settings, world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    alias, store = f"{step[:3]}-{world.slug}", ObjectStore(configuration)

    def away(*_: Any) -> None:
        raise Unavailable("文件存储暂时不可用，请稍后再试")

    with monkeypatch.context() as broken:
        broken.setattr(ObjectStore, step, away)
        failed = await asyncio.to_thread(create, world, alias)
    assert failed.exit_code == 1
    assert "文件存储暂时不可用" in failed.output
    assert "重新执行同一条命令" in failed.output
    mended = await asyncio.to_thread(create, world, alias)
    assert mended.exit_code == 0, mended.output
    assert "✓ 文件存储" in mended.output
    assert await standing(world, alias) == WHOLE
    assert store.clear_now(UUID(mended.output.partition("编号 ")[2][:36])) == 0, "what was tried is gone"
