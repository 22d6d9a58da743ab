"""`chengguo restore`: a backup put into an empty place and proved to be complete there before it gets its name."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import psycopg

from deploy.embedded.backup import KEYS, OBJECTS, object_keys
from deploy.embedded.errors import PartFailureError, require_space
from deploy.embedded.layout import Layout
from deploy.embedded.manifest import (
    DUMP,
    Manifest,
    check_files,
    count_tables,
    read_manifest,
    read_sequences,
)
from deploy.embedded.object_store import ObjectStore
from deploy.embedded.os_user import private_folder
from deploy.embedded.postgres import SUPERUSER, EmbeddedPostgres
from deploy.embedded.whole import made_whole, require_empty

_NEEDED_MEGABYTES = 800


def restore(source: Path, data_dir: Path) -> Manifest:
    """Build an installation in `data_dir`, an absent or empty folder, from the backup in `source`.

    Checked: every file against the manifest before, every table, sequence and object after. Nothing runs when it returns.
    Raises PartFailureError; then `data_dir` is as it was.
    """
    source, target = source.resolve(), data_dir.resolve()
    require_empty(target, "数据目录")
    manifest = read_manifest(source)
    check_files(source, manifest)
    with made_whole(target, "数据目录") as partial:
        require_space(partial, _NEEDED_MEGABYTES)
        layout = Layout(partial)
        _restore_keys(source / KEYS, layout.keys)
        with EmbeddedPostgres(layout.database, version=manifest.postgres) as database:
            _restore_database(database, source / DUMP, manifest)
        with ObjectStore(layout.objects) as store:
            _restore_objects(store, source / OBJECTS, manifest)
    return manifest


def _restore_keys(source: Path, target: Path) -> None:
    private_folder(target)
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _restore_database(database: EmbeddedPostgres, dump: Path, manifest: Manifest) -> None:
    database.create_database(manifest.database)
    database.run_tool("pg_restore", "--exit-on-error", "--single-transaction", str(dump), database=manifest.database)
    with psycopg.connect(database.dsn(SUPERUSER, manifest.database)) as connection:
        found, sequences = count_tables(connection), read_sequences(connection)
    wrong = sorted(name for name in {*manifest.tables, *found} if manifest.tables.get(name) != found.get(name))
    # A sequence may have gone on between reading it and the dump; it must never stand before what was read.
    wrong += sorted(name for name, value in manifest.sequences.items() if sequences.get(name, 0) < value)
    if wrong:
        raise PartFailureError(f"恢复后的数据与备份清单不符：{'、'.join(wrong[:5])}。", "请保留备份并反馈。")
    database.execute("analyze", database=manifest.database)


def _restore_objects(store: ObjectStore, folder: Path, manifest: Manifest) -> None:
    client = store.client()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        key = file.relative_to(folder).as_posix()
        client.put_object(Bucket=store.bucket, Key=key, Body=file.read_bytes())
        body = client.get_object(Bucket=store.bucket, Key=key)["Body"].read()
        if hashlib.sha256(body).hexdigest() != manifest.files[f"{OBJECTS}/{key}"]:
            raise PartFailureError(f"对象 {key} 写入后读回的内容不符。", "请检查磁盘后重试。")
    count = sum(1 for _ in object_keys(client, store.bucket))
    if count != manifest.objects:
        raise PartFailureError(f"恢复了 {count} 个对象，备份清单中是 {manifest.objects} 个。", "请检查磁盘后重试。")
