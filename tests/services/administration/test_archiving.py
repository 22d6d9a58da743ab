"""Everything of a unit carried into another installation: on the command line, with its log and its decision files."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.postgres import EmbeddedPostgres
from services.administration.archiving.tasks import make_archive
from services.cli import cli
from services.dossier.verifier import report
from services.home.erasing.retention import RETENTION
from shared.audit.tables import audit_entry
from shared.db.transaction import Actor, unconfined
from shared.keys.keyring import Keyring
from shared.settings import Settings, settings
from shared.storage.objects import ObjectStore
from tenants import provisioning
from tenants.archive.models import tenant_archive
from tests.services.dossier.test_dossier import made, signed_case
from tests.web import Site
from tests.world import World

ELSEWHERE = "unit_elsewhere"
HOME = "/institution/settings/archive"


@pytest.fixture
def elsewhere(
    server: EmbeddedPostgres, template: str, configuration: Settings, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of another installation: a database, a bucket and keys of its own."""
    server.create_database(ELSEWHERE, template=template)
    Keyring.create(tmp_path / "keys")
    yield {
        "CHENGGUO_DATABASE_MAINTENANCE_URL": server.dsn("maintenance", ELSEWHERE),
        "CHENGGUO_DATABASE_WEB_URL": server.dsn("web", ELSEWHERE),
        "CHENGGUO_OBJECT_STORE_BUCKET": "unit-elsewhere",
        "CHENGGUO_KEY_DIRECTORY": str(tmp_path / "keys"),
    }
    server.drop_database(ELSEWHERE)


def run(*words: str, there: dict[str, str] | None = None, group: str = "tenant") -> Result:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (there or {}).items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            return CliRunner().invoke(cli, [group, *words])
        finally:
            settings.cache_clear()


@pytest.mark.requirement("R190")
async def test_a_unit_moves_with_its_log_and_its_decision_files(
    world: World, configuration: Settings, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    """Suspended here, brought there, resumed there; what was signed here is believed there."""

    keyring = Keyring(configuration.key_directory)
    tenant, case = await signed_case(world, keyring)
    dossier = await made(world, tenant, case, keyring)
    assert isinstance(dossier, bytes)
    paper = ObjectStore(configuration).put_now(tenant, b"a paper")
    async with provisioning.operating(world.web, world.province_id, world.operator) as tx:
        await provisioning.set_active(tx, tenant, False)
    file = tmp_path / "unit.zip"

    def moved() -> None:
        exported = run("export", str(tenant), str(file))
        assert exported.exit_code == 0, exported.output
        with pytest.MonkeyPatch.context() as patch:
            for name, value in elsewhere.items():
                patch.setenv(name, value)
            settings.cache_clear()
            ObjectStore(settings()).prepare()
        settings.cache_clear()
        brought = run("import", str(file), there=elsewhere)
        assert brought.exit_code == 0, brought.output
        assert "已导入" in brought.output
        again = run("import", str(file), there=elsewhere)
        assert "没有变化" in again.output
        verified = run("verify", str(file), there=elsewhere)
        assert verified.exit_code == 0, verified.output
        assert "一致" in verified.output
        back = run("export", str(tenant), str(tmp_path / "back.zip"), there=elsewhere)
        assert back.exit_code == 0, back.output
        # The province came with the unit and has nobody yet who could resume it.
        named = ("--region", world.slug[:12], "--slug", world.slug, "--name", "测试省", "--short-name", "测试")
        opened = run("create", *named, there=elsewhere, group="province")
        assert opened.exit_code == 0, opened.output
        resumed = run("resume", "--province", world.slug, str(tenant), there=elsewhere)
        assert (resumed.exit_code, "使用中" in resumed.output) == (0, True), resumed.output

    await asyncio.to_thread(moved)
    assert (tmp_path / "back.zip").read_bytes() == file.read_bytes()
    there = Keyring(Path(elsewhere["CHENGGUO_KEY_DIRECTORY"]))
    _, faults = report(dossier, tuple(there.public_keys("audit").values()))
    assert faults == []
    assert there.signing("audit").key_id != keyring.signing("audit").key_id
    assert paper in ObjectStore(configuration.model_copy(update={"object_store_bucket": "unit-elsewhere"})).list_now(
        tenant
    )


def test_what_cannot_be_done_is_said(configuration: Settings, tmp_path: Path) -> None:
    unknown = run("export", "nobody-of-this-name", str(tmp_path / "x.zip"))
    assert unknown.exit_code == 1
    assert "没有单位“nobody-of-this-name”" in unknown.output
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    for command in ("import", "verify"):
        refused = run(command, str(broken))
        assert refused.exit_code == 1
        assert "已损坏" in refused.output


@pytest.mark.requirement("R189")
async def test_the_leadership_takes_everything_away_and_the_log_says_so(
    site: Site, world: World, configuration: Settings, maintenance: AsyncEngine
) -> None:
    """Asked for on the page, also while the unit is suspended; made by the worker; nobody else's, no administrator's."""
    leader = await site.signed_in(world, world.university, "leadership")
    for role in ("clerk", "system_admin", "security_admin", "audit_admin"):
        assert (await (await site.signed_in(world, world.university, role)).get(HOME)).status_code == 403
    assert "还没有生成过档案" in (await leader.get(HOME)).text
    async with provisioning.operating(world.web, world.province_id, world.operator) as tx:
        await provisioning.set_active(tx, world.university, False)
    assert (await leader.post(HOME)).status_code == 303
    assert "正在生成档案" in (await leader.get(HOME)).text
    (row,) = await archives(maintenance, world)
    scope = world.scope(world.university)
    await make_archive.run(
        world.tasks, replace(scope, role="worker"), Actor(row.asked_by, world.university), archive_id=str(row.id)
    )
    (row,) = await archives(maintenance, world)
    assert row.written == row.members > 80
    page = (await leader.get(HOME)).text
    assert row.total in page
    answer = await leader.get(f"{HOME}/{row.id}/file")
    assert answer.headers["content-type"] == "application/zip"
    assert sha256(answer.content).hexdigest() == row.object_hash
    with ZipFile(BytesIO(answer.content)) as archive:
        assert msgspec.json.decode(archive.read("manifest.json"))["total"]["sha256"] == row.total
    stranger = await site.signed_in(world, world.institute, "leadership")
    assert (await stranger.get(f"{HOME}/{row.id}/file")).status_code == 404
    async with maintenance.connect() as connection:
        logged = (
            await connection.execute(
                select(audit_entry.c.action)
                .where(audit_entry.c.tenant_id == world.university, audit_entry.c.object_kind == "archive")
                .order_by(audit_entry.c.position)
            )
        ).scalars()
        assert list(logged) == ["archive.export", "archive.exported", "archive.download"]
    # a week later the file goes, the entry stays
    async with unconfined(maintenance, scope, Actor(None, world.university)) as tx:
        (period,) = (one for one in RETENTION if one.what == "单位数据档案")
        assert await period.end(tx, row.finished_at) == (0, [])
        assert await period.end(tx, row.finished_at + timedelta(seconds=1)) == (1, [row.object_hash])
    assert "已过期" in (await leader.get(HOME)).text
    assert (await leader.get(f"{HOME}/{row.id}/file")).status_code == 404


async def archives(maintenance: AsyncEngine, world: World) -> Sequence[Row[Any]]:
    async with maintenance.connect() as connection:
        found = await connection.execute(select(tenant_archive).where(tenant_archive.c.tenant_id == world.university))
        return found.fetchall()
