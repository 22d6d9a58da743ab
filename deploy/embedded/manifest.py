"""The manifest of a backup: what it holds, with hashes, so that a restore can prove that it has everything.

Tables are counted and hashed in the snapshot that was dumped; the hash of a table does not depend on the order of rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from deploy.embedded.errors import PartFailureError

FORMAT = 1
NAME = "manifest.json"
DUMP = "database.dump"
SCHEMAS = ("app", "migration")
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Counted:
    """One table: how many rows, and a hash over all of them (64 hex digits are enough to tell two apart)."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` is path below the backup's folder → SHA-256; `objects` is how many of them are objects."""

    created_at: str
    database: str
    postgres: str
    revision: str
    tables: dict[str, Counted]
    sequences: dict[str, int]
    files: dict[str, str]
    objects: int
    format: int = FORMAT

    def text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)


def read_manifest(folder: Path) -> Manifest:
    """Raises PartFailureError if there is none, or one that this version does not know."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        tables = {name: Counted(**counted) for name, counted in found.pop("tables").items()}
        manifest = Manifest(tables=tables, **found)
    except FileNotFoundError as error:
        raise PartFailureError(f"{folder} 不是备份：缺少 {NAME}。", "请指定 chengguo backup 生成的目录。") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PartFailureError(f"备份清单 {folder / NAME} 无法读取。", "请换用完好的备份。") from error
    if manifest.format != FORMAT:
        raise PartFailureError(f"备份格式 {manifest.format} 不受支持。", "请使用生成该备份的程序版本恢复。")
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file of the manifest is there and unaltered. Raises PartFailureError naming the first five that are not."""
    wrong = []
    for name, digest in manifest.files.items():
        file = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            wrong.append(f"{name}（路径越界）")
        elif not file.is_file() or file.is_symlink():
            wrong.append(f"{name}（缺失）")
        elif hash_file(file) != digest:
            wrong.append(f"{name}（内容被改动）")
    if wrong:
        raise PartFailureError(
            f"备份不完整，{len(wrong)} 个文件有误：{'、'.join(wrong[:5])}。", "请换用完好的备份；没有恢复任何内容。"
        )


def hash_file(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def count_tables(connection: psycopg.Connection[Any]) -> dict[str, Counted]:
    """Rows and hash of every table of ours, as the connection's transaction sees them."""
    connection.execute("set local timezone = 'UTC'; set local datestyle = 'ISO'; set local row_security = off")
    connection.execute(
        "set local extra_float_digits = 1; set local bytea_output = 'hex'; set local intervalstyle = iso_8601"
    )
    found = connection.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = any(%s) and c.relkind = 'r' order by 1, 2",
        [list(SCHEMAS)],
    ).fetchall()
    return {f"{schema}.{table}": _count(connection, schema, table) for schema, table in found}


def _count(connection: psycopg.Connection[Any], schema: str, table: str) -> Counted:
    halves = sql.SQL(
        "select count(*), coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0), "
        "coalesce(sum(('x' || right(h, 16))::bit(64)::bigint), 0) from (select md5(t::text) as h from {} t) hashed"
    ).format(sql.Identifier(schema, table))
    row = connection.execute(halves).fetchone()
    assert row is not None
    return Counted(int(row[0]), hashlib.sha256(f"{row[1]}/{row[2]}".encode()).hexdigest())


def read_sequences(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The last value of every sequence of ours that was used. Sequences stand outside snapshots: read them first."""
    found = connection.execute(
        "select schemaname || '.' || sequencename, last_value from pg_sequences "
        "where schemaname = any(%s) and last_value is not null order by 1",
        [list(SCHEMAS)],
    ).fetchall()
    return {str(name): int(value) for name, value in found}
