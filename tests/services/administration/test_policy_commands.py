"""``chengguo policy`` over the database: a folder is loaded or told, proposed and confirmed by two people, tried over decisions."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from services.cli import cli
from shared.clock import local_day
from shared.policy.loader import PACKS
from shared.settings import Settings, settings
from tests.conftest import Database
from tests.tenants.second_version import TWENTY_DAYS, standing_for
from tests.tenants.test_activation import decided, rehearse_all
from tests.world import World

LATER = str(local_day(datetime.now(UTC)) + timedelta(days=40))
OFFICER, HEAD = "测试science_officer", "测试science_head"


async def run(*words: str) -> Result:
    """In a thread of its own: the command brings its own event loop."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli, list(words)))


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(PACKS, tmp_path / "packs"))
    for name, (before, after) in TWENTY_DAYS.items():
        (copy / name).write_text((copy / name).read_text("utf-8").replace(before, after, 1), "utf-8")
    for cases in copy.glob("cn-53/*/cases.toml"):
        cases.unlink()
    return copy


@pytest.fixture
def maintained(configuration: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHENGGUO_DATABASE_MAINTENANCE_URL", database.url("maintenance"))
    settings.cache_clear()


async def loaded(world: World, packs: Path) -> str:
    async with standing_for(world):
        done = await run("policy", "load", str(packs / "cn-53"), "--province", world.slug)
    assert done.exit_code == 0, done.output
    return done.output.split()[-1]


async def test_a_version_from_a_folder_is_put_in_force_by_two_people(
    configuration: Settings, world: World, packs: Path
) -> None:
    await world.person(world.science, "science_officer")
    await world.person(world.science, "science_head")
    version = await loaded(world, packs)
    listed = (await run("policy", "versions", "--province", world.slug)).output
    assert listed.count("cn-53") == 2
    assert listed.count("在用") == 1
    past = await run("policy", "propose", version, "--province", world.slug, "--from", "2026-01-01", "--by", OFFICER)
    assert past.exit_code == 1
    assert "早于今天" in past.output
    done = await run("policy", "propose", version, "--province", world.slug, "--from", LATER, "--by", OFFICER)
    assert done.exit_code == 0, done.output
    proposal = done.output.split()[1].rstrip("，须由另一人确认")
    early = await run("policy", "confirm", proposal, "--province", world.slug, "--by", HEAD)
    assert "试算尚未完成" in early.output
    await rehearse_all(world, UUID(proposal))
    own = await run("policy", "confirm", proposal, "--province", world.slug, "--by", OFFICER)
    assert own.exit_code == 1
    assert "两人" in own.output
    assert (await run("policy", "confirm", proposal, "--province", world.slug, "--by", HEAD)).exit_code == 0
    assert "已确认" in (await run("policy", "versions", "--province", world.slug)).output
    late = await run("policy", "withdraw", proposal, "--province", world.slug, "--by", HEAD, "--reason", "晚了")
    assert late.exit_code == 1
    assert "已经确认过" in late.output
    by = ("--province", world.slug, "--by")
    asked = await run("policy", "revoke", proposal, *by, OFFICER, "--reason", "上位文件已改")
    assert "须由另一人确认" in asked.output
    assert "撤销待确认" in (await run("policy", "versions", "--province", world.slug)).output
    own = await run("policy", "confirm-revocation", proposal, *by, OFFICER)
    assert own.exit_code == 1
    assert "两人" in own.output
    assert (await run("policy", "confirm-revocation", proposal, *by, HEAD)).output == "已撤销\n"
    assert "已撤销" in (await run("policy", "versions", "--province", world.slug)).output


async def test_a_withdrawn_proposal_frees_its_day(configuration: Settings, world: World, packs: Path) -> None:
    await world.person(world.science, "science_officer")
    version = await loaded(world, packs)
    words = ("policy", "propose", version, "--province", world.slug, "--from", LATER, "--by", OFFICER)
    first = (await run(*words)).output.split()[1].rstrip("，须由另一人确认")
    gone = await run("policy", "withdraw", first, "--province", world.slug, "--by", OFFICER, "--reason", "文本有误")
    assert gone.output == "已撤回\n"
    second = (await run(*words)).output.split()[1]
    assert not second.startswith(first)


async def test_a_bad_folder_changes_nothing(configuration: Settings, world: World, packs: Path) -> None:
    rules = packs / "cn-53/empowerment/review.toml"
    text = rules.read_text("utf-8")
    rules.write_text(
        text.replace("days = 20", "days = 20\ndais = 1\n").replace('venues = ["unit_internal"]', 'venues = ["moon"]'),
        "utf-8",
    )
    before = (await run("policy", "versions", "--province", world.slug)).output
    done = await run("policy", "load", str(packs / "cn-53"), "--province", world.slug)
    assert done.exit_code == 1
    assert "没有这个名称" in done.output
    assert "代号 moon 没有定义" in done.output
    assert (await run("policy", "versions", "--province", world.slug)).output == before


@pytest.mark.requirement("R217")
async def test_the_dry_run_reads_what_was_decided_and_lists_differences_only(
    maintained: None, world: World, packs: Path
) -> None:
    await decided(world, world.university, 2)
    same = await run("policy", "dry-run", "cn-53", "--province", world.slug)
    assert same.output == "2 项决定，0 项结果不同\n"
    other = await run("policy", "dry-run", str(packs / "cn-53"), "--province", world.slug)
    assert other.output.count("notice.period: 可以办理 → 不予办理（notice.too_short）") == 2
    assert other.output.endswith("2 项决定，2 项结果不同\n")
    version = await loaded(world, packs)
    assert "2 项结果不同" in (await run("policy", "dry-run", version, "--province", world.slug)).output
    neither = await run("policy", "dry-run", "cn-53")
    assert neither.exit_code == 2
