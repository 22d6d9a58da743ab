"""`chengguo backup`: database, objects and keys of the embedded set-up in one folder, while it runs or while it does not.

The order makes it consistent: the database in one snapshot; then the objects, which are content-addressed and only grow,
so that all the snapshot names are there; then the keys, whose folder keeps every public key it ever had.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from deploy.embedded.errors import PartFailureError, require_space
from deploy.embedded.layout import DATABASE, Layout
from deploy.embedded.leftovers import RunLock, clear_leftovers
from deploy.embedded.manifest import (
    DUMP,
    NAME,
    Counted,
    Manifest,
    count_tables,
    hash_file,
    read_sequences,
)
from deploy.embedded.object_store import ObjectStore
from deploy.embedded.os_user import private_folder, write_private
from deploy.embedded.postgres import SUPERUSER, EmbeddedPostgres
from deploy.embedded.whole import made_whole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OBJECTS, KEYS = "objects", "keys"
_NEEDED_MEGABYTES = 200
_ADDRESSED = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{64}")


def back_up(data_dir: Path, target: Path) -> Manifest:
    """Write a backup of the installation in `data_dir` to `target`, an absent or empty folder; whole or not at all.

    Raises PartFailureError.
    """
    layout, target = Layout(data_dir.resolve()), target.resolve()
    if not (layout.database / "pgdata" / "PG_VERSION").exists():
        raise PartFailureError(f"{layout.data} 中没有数据库。", "请用 --data 指定 chengguo demo 的数据目录。")
    if target.is_relative_to(layout.data):
        raise PartFailureError("备份不能放在数据目录之内。", "请指定数据目录以外、最好是另一块磁盘上的目录。")
    with made_whole(target, "备份目录") as partial:
        require_space(partial, _NEEDED_MEGABYTES)
        with _running(layout) as (database, store):
            revision, tables, sequences = _dump(database, partial / DUMP)
            count = _copy_objects(store, partial / OBJECTS)
            _copy_keys(layout.keys, partial / KEYS)
        files = {str(file.relative_to(partial)): hash_file(file) for file in _files(partial)}
        manifest = Manifest(
            datetime.now(UTC).isoformat(), DATABASE, database.version, revision, tables, sequences, files, count
        )
        write_private(partial / NAME, manifest.text())
    return manifest


@contextmanager
def _running(layout: Layout) -> Iterator[tuple[EmbeddedPostgres, ObjectStore]]:
    """Database and store as they run; if nothing runs, both are started for the time being, under the run's lock."""
    database, store = EmbeddedPostgres(layout.database), ObjectStore(layout.objects)
    if database.attach() and store.attach():
        yield database, store
        return
    lock = RunLock(layout.run)
    lock.acquire("supervisor")
    try:
        clear_leftovers(layout.run)
        database = EmbeddedPostgres(layout.database, version=database.version)
        with database, ObjectStore(layout.objects) as started:
            yield database, started
    finally:
        lock.release()


def _dump(database: EmbeddedPostgres, file: Path) -> tuple[str, dict[str, Counted], dict[str, int]]:
    """Dump one snapshot, and count and hash the tables in that same snapshot."""
    with psycopg.connect(database.dsn(SUPERUSER, DATABASE)) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        sequences = read_sequences(connection)
        snapshot = _one(connection, "select pg_export_snapshot()")
        file.touch(mode=0o600)
        database.run_tool(
            "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", "--no-sync", database=DATABASE
        )
        revision = str(_one(connection, "select version_num from migration.schema_version"))
        return revision, count_tables(connection), sequences


def _one(connection: psycopg.Connection[Any], statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    if row is None:
        raise PartFailureError("数据库尚未建立结构。", "请先启动一次 make demo。")
    return row[0]


def _copy_objects(store: ObjectStore, folder: Path) -> int:
    """Every object of the bucket as a file of its own; a content-addressed one is checked against its name."""
    private_folder(folder)
    client, count = store.client(), 0
    for key in object_keys(client, store.bucket):
        place = folder / key
        if not place.resolve().is_relative_to(folder.resolve()):
            raise PartFailureError(f"对象名 {key} 越出备份目录。", "请检查对象存储。")
        body = client.get_object(Bucket=store.bucket, Key=key)["Body"].read()
        if _ADDRESSED.fullmatch(key) and hashlib.sha256(body).hexdigest() != key.rpartition("/")[2]:
            raise PartFailureError(f"对象 {key} 的内容与其哈希不符。", "该对象已损坏，请先从较早的备份中取回。")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_bytes(body)
        count += 1
    return count


def object_keys(client: S3Client, bucket: str) -> Iterator[str]:
    """Every key of a bucket."""
    for answer in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in answer.get("Contents", ()):
            yield entry["Key"]


def _copy_keys(source: Path, target: Path) -> None:
    private_folder(target)
    for folder in (path for path in source.rglob("*") if path.is_dir()):
        (target / folder.relative_to(source)).mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in _files(source):
        shutil.copy2(file, target / file.relative_to(source))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
