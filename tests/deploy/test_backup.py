"""Backup and restore of the embedded set-up: everything comes back and proves itself, or nothing is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.backup import back_up
from deploy.embedded.errors import PartFailureError
from deploy.embedded.layout import DATABASE, Layout
from deploy.embedded.manifest import DUMP, NAME, count_tables
from deploy.embedded.object_store import ObjectStore as EmbeddedObjectStore
from deploy.embedded.os_user import private_folder
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.restore import restore
from deploy.embedded.supervisor import project_root
from shared.audit.sealing import seal
from shared.audit.verification import ChainReport, verify_chain
from shared.audit.writing import write_audit
from shared.db.engine import make_engine
from shared.db.migrating import migrate
from shared.db.transaction import Actor, Scope, Transaction, driver_of
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.world import START, World, make_world

CONTENT = ("甲单位的文件".encode(), os.urandom(300_000))


def store_of(store: EmbeddedObjectStore) -> ObjectStore:
    return ObjectStore(
        Settings(
            mode="test",
            database_web_url=SecretStr(""),
            object_store_url=store.endpoint,
            object_store_access_key=SecretStr(store.access_key),
            object_store_secret_key=SecretStr(store.secret_key),
        )
    )


async def write_something(world: World, keyring: Keyring) -> None:
    """Audit rows of two tenants, sealed and signed; one of them with a key that was rotated away afterwards."""
    for tenant in (world.university, world.hospital):
        async with world.acting(tenant) as tx:
            for _ in range(25):
                await write_audit(tx, "achievement.seen", "achievement", None, details={"name": "不应丢失"})
        async with world.working(tenant) as tx:
            assert await seal(tx, keyring, sweep=True) == 25
        keyring.rotate("audit")


async def chain_of(maintenance: AsyncEngine, tenant: UUID, keyring: Keyring) -> ChainReport:
    async with maintenance.begin() as connection:
        scope = Scope("worker", tenant, tenant, tenant, tenant)
        tx = Transaction(connection, await driver_of(connection), scope, Actor(None, tenant), START)
        return await verify_chain(tx, keyring)


class Installation:
    """An embedded set-up with a little of everything in it, stopped."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder / "data")
        self.tenants: tuple[UUID, ...] = ()
        self.digests: dict[UUID, list[str]] = {}

    async def make(self) -> None:
        self.layout.data.mkdir()
        private_folder(self.layout.keys)
        keyring = Keyring.create(self.layout.platform_keys)
        with EmbeddedPostgres(self.layout.database) as server:
            server.create_database(DATABASE)
            migrate(server.dsn("postgres", DATABASE))
            engines = [make_engine(server.dsn(login, DATABASE)) for login in ("maintenance", "web", "tasks")]
            world = await make_world(*engines)
            await write_something(world, keyring)
            for engine in engines:
                await engine.dispose()
        self.tenants = (world.university, world.hospital)
        with EmbeddedObjectStore(self.layout.objects) as running:
            store = store_of(running)
            store.prepare()
            self.digests = {tenant: [store.put_now(tenant, c) for c in CONTENT] for tenant in self.tenants}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # not pytest's own folder: as root the server runs as another user, and pytest keeps its folder shut for others
    made = Path(tempfile.mkdtemp(prefix="chengguo-backup-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
async def installation(folder: Path) -> Installation:
    made = Installation(folder)
    await made.make()
    return made


@pytest.fixture(scope="module")
def backup(installation: Installation, folder: Path) -> Path:
    back_up(installation.layout.data, folder / "backup")
    return folder / "backup"


@pytest.fixture(scope="module")
def restored(backup: Path, folder: Path) -> Layout:
    layout = Layout(folder / "restored")
    restore(backup, layout.data)
    return layout


@pytest.fixture(scope="module")
def restored_server(restored: Layout) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(restored.database) as server:
        yield server


def test_every_row_comes_back(installation: Installation, restored_server: EmbeddedPostgres) -> None:
    with (
        EmbeddedPostgres(installation.layout.database) as server,
        psycopg.connect(server.dsn("postgres", DATABASE)) as original,
        psycopg.connect(restored_server.dsn("postgres", DATABASE)) as copy,
    ):
        before = count_tables(original)
        assert count_tables(copy) == before
    assert before["app.audit_entry"].rows == 50
    assert before["migration.schema_version"].rows == 1


async def test_audit_chains_hold_with_the_restored_keys_and_with_no_others(
    installation: Installation, restored: Layout, restored_server: EmbeddedPostgres, folder: Path
) -> None:
    maintenance = make_engine(restored_server.dsn("maintenance", DATABASE))
    keyring = Keyring(restored.platform_keys)
    for tenant in installation.tenants:
        report = await chain_of(maintenance, tenant, keyring)
        assert (report.sealed, report.checkpoints, report.faults) == (25, 1, [])
    foreign = Keyring.create(folder / "foreign-keys")
    assert not (await chain_of(maintenance, installation.tenants[0], foreign)).holds
    await maintenance.dispose()


async def test_every_object_comes_back(installation: Installation, restored: Layout) -> None:
    with EmbeddedObjectStore(restored.objects) as running:
        store = store_of(running)
        assert await store.is_ready()
        for tenant in installation.tenants:
            assert [store.get_now(tenant, digest) for digest in installation.digests[tenant]] == list(CONTENT)


def test_the_logins_of_a_restored_database_are_confined_as_before(restored_server: EmbeddedPostgres) -> None:
    with psycopg.connect(restored_server.dsn("web", DATABASE)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from app.person")
        connection.rollback()
        connection.execute("set role web_institution")
        assert connection.execute("select count(*) from app.audit_entry").fetchone() == (0,)


def test_a_backup_is_for_its_owner_alone(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    for path in backup.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_it_takes_a_backup_of_a_running_installation(installation: Installation, folder: Path) -> None:
    with EmbeddedPostgres(installation.layout.database) as server, EmbeddedObjectStore(installation.layout.objects):
        running = server.process
        manifest = back_up(installation.layout.data, folder / "while-running")
        assert running
        assert running.poll() is None
    assert manifest.tables["app.audit_entry"].rows == 50
    assert manifest.objects == 5  # two of each tenant, and the one that readiness reads


def test_a_target_that_is_not_empty_is_refused_untouched(
    installation: Installation, backup: Path, folder: Path
) -> None:
    taken = folder / "taken"
    taken.mkdir()
    (taken / "note.txt").write_text("mine")
    with pytest.raises(PartFailureError, match="不为空"):
        back_up(installation.layout.data, taken)
    with pytest.raises(PartFailureError, match="不为空"):
        restore(backup, taken)
    assert [path.name for path in taken.iterdir()] == ["note.txt"]
    assert not list(folder.glob(".taken*"))


@pytest.mark.parametrize("victim", ["object", "dump", "key", "missing"])
def test_an_altered_backup_is_refused_before_anything_is_made(backup: Path, folder: Path, victim: str) -> None:
    altered = folder / f"altered-{victim}"
    shutil.copytree(backup, altered)
    file = {
        "object": next(path for path in sorted((altered / "objects").rglob("*")) if len(path.name) == 64),
        "dump": altered / DUMP,
        "key": altered / "keys" / "platform" / "audit.json",
        "missing": altered / "keys" / "platform" / "forms.key",
    }[victim]
    if victim == "missing":
        file.unlink()
    else:
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(PartFailureError, match=file.name):
        restore(altered, folder / f"from-{victim}")
    assert not list(folder.glob(f"*from-{victim}*"))


def test_a_database_that_does_not_count_as_the_manifest_says_is_not_kept(backup: Path, folder: Path) -> None:
    altered = folder / "miscounted"
    shutil.copytree(backup, altered)
    manifest = json.loads((altered / NAME).read_text())
    manifest["tables"]["app.audit_entry"]["rows"] += 1
    (altered / NAME).write_text(json.dumps(manifest))
    with pytest.raises(PartFailureError, match=r"app\.audit_entry"):
        restore(altered, folder / "from-miscounted")
    assert not list(folder.glob("*from-miscounted*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_restore_leaves_nothing(backup: Path, folder: Path, number: signal.Signals) -> None:
    target = folder / f"interrupted-{number}"
    command = [str(Path(sys.executable).parent / "chengguo"), "restore", str(backup), "--data", str(target)]
    process = subprocess.Popen(command, cwd=project_root(), start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not list(folder.glob(f".{target.name}.partial-*/postgres/pgdata/postmaster.pid")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait(20) != 0
    assert not list(folder.glob(f"*{target.name}*"))


def test_the_command_says_what_was_done_and_what_stands_in_the_way(installation: Installation, folder: Path) -> None:
    command = [str(Path(sys.executable).parent / "chengguo"), "backup", str(folder / "by-command")]
    command += ["--data", str(installation.layout.data)]
    first = subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert "备份完成" in first.stdout
    assert "5 个对象" in first.stdout
    second = subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "不为空" in second.stderr
    assert "处理办法" in second.stderr
