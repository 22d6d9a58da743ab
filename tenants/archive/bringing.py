"""Brings an archive into this installation: everything or nothing, again without effect, and compares it with what stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.transaction import Actor, Scope, Transaction, unconfined
from shared.ids import NIL
from shared.keys.keyring import PURPOSES, Keyring
from shared.storage.objects import ObjectStore
from tenants.archive.contents import Part, parts
from tenants.archive.reading import FORMAT, VERSION, NotArchived, measured, snapshot, total_of
from tenants.archive.writing import MANIFEST

_AT_ONCE = 2_000
_CHUNK = 1 << 20
_FILE = re.compile(r"files/[0-9a-f]{64}")
# What the province's rows of the same id must agree in: a pack or a list is what it says, under whatever name.
_SAME = {"pack_version": "hash", "list_version": "hash", "province": "region"}


@dataclass(frozen=True, slots=True)
class Checked:
    """An archive whose every byte is as its manifest says."""

    file: Path
    manifest: dict[str, Any]

    @property
    def tenant_id(self) -> UUID:
        return UUID(self.manifest["tenant"]["id"])

    @property
    def digests(self) -> list[str]:
        """The hashes of its files."""
        return [one["sha256"] for one in self.manifest["members"] if one["name"].startswith("files/")]


def check(file: Path) -> Checked:
    """Recompute every checksum.

    :raises NotArchived: it is no archive, is not whole, or was changed.
    """
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
            if MANIFEST not in names:
                raise NotArchived("这不是单位数据档案，或者文件不完整：缺少 manifest.json")
            manifest: dict[str, Any] = msgspec.json.decode(archive.read(MANIFEST))
            if (manifest.get("format"), manifest.get("version")) != (FORMAT, VERSION):
                raise NotArchived("不认识的档案格式或版本")
            _check_names([one["name"] for one in manifest["members"]], names)
            for one in manifest["members"]:
                _check_member(archive, one)
    except (BadZipFile, EOFError, KeyError, msgspec.DecodeError) as error:
        raise NotArchived(f"档案已损坏：{error}") from error
    if manifest["total"]["sha256"] != total_of((one["name"], one["sha256"]) for one in manifest["members"]):
        raise NotArchived("档案总校验和不符")
    return Checked(file, manifest)


def _check_names(listed: list[str], present: list[str]) -> None:
    known = {part.name for part in parts()}
    strange = [name for name in listed if name not in known and not _FILE.fullmatch(name)]
    if strange or sorted([*listed, MANIFEST]) != sorted(present):
        raise NotArchived("档案的内容与清单不一致：" + "、".join([*strange, *(set(present) ^ {*listed, MANIFEST})][:5]))


def _check_member(archive: ZipFile, one: dict[str, Any]) -> None:
    digest, size = sha256(), 0
    with archive.open(one["name"]) as content:
        while size <= one["bytes"] and (chunk := content.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
    if size != one["bytes"] or digest.hexdigest() != one["sha256"]:
        raise NotArchived(f"校验和不符：{one['name']}")


async def bring(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring, archive: Checked) -> bool:
    """Put everything of an archive into this installation; False when all of it stands here already.

    One transaction holds every row, and is committed once every file stands in the object store; a run that was killed left
    files at most, which the next run finds there.

    :raises NotArchived: another schema, another province under its name, or the tenant with other content.
    """
    tenant = archive.manifest["tenant"]
    tenant_id, province_id = UUID(tenant["id"]), UUID(tenant["province_id"])
    scope = Scope("", tenant_id, province_id, NIL, tenant_id)
    async with unconfined(engine, scope, Actor(None, NIL, address="command line")) as tx:
        new = await _is_new(tx, archive)
        if new:
            await tx.driver.execute("set local timezone = 'UTC'")
            with ZipFile(archive.file) as content:
                await _put_rows(tx, content)
                _put_files(objects, archive, content)
            for purpose in PURPOSES:
                for public in archive.manifest["keys"].get(purpose, {}).values():
                    keyring.admit(purpose, public)
    if not new:
        differing = await compare(engine, objects, keyring, archive)
        if differing:
            told = "、".join(differing[:5])
            raise NotArchived(f"本平台已有单位“{tenant['name']}”，内容与档案不同（{told}），没有导入")
    return new


async def _is_new(tx: Transaction, archive: Checked) -> bool:
    tenant = archive.manifest["tenant"]
    schema = await tx.driver.fetchval("select app.schema_revision()")
    if schema != archive.manifest["schema"]:
        raise NotArchived(
            f"档案的数据库结构是 {archive.manifest['schema']}，本平台是 {schema}：请把两个平台升级到同一版本，重新导出后再导入"
        )
    if await tx.driver.fetchval("select 1 from app.organisation where id = $1", tx.tenant_id):
        return False
    if await tx.driver.fetchval("select 1 from app.tenant_directory where alias = $1", tenant["alias"]):
        raise NotArchived(f"别名“{tenant['alias']}”在本平台已属于另一单位")
    return True


async def _put_rows(tx: Transaction, content: ZipFile) -> None:
    await tx.driver.execute("create temporary table incoming (line text not null) on commit drop")
    for part in parts():
        if part.table.name == "province":
            await _check_province(tx, content, part)
        for lines in _batches(content, part):
            await tx.driver.copy_records_to_table("incoming", records=lines, columns=["line"])
            await _insert(tx, part)
            await tx.driver.execute("truncate incoming")
    await tx.driver.execute(
        "select setval('app.audit_entry_position_seq', greatest(max(position), nextval('app.audit_entry_position_seq'))) "
        "from app.audit_entry"
    )


async def _insert(tx: Transaction, part: Part) -> None:
    table = part.table
    names = [f'"{column.name}"' for column in table.columns if column.computed is None]
    made = f"from incoming i, jsonb_populate_record(null::app.{table.name}, i.line::jsonb) r"
    present = " on conflict do nothing" if part.folder == "references" else ""
    chosen = ", ".join(f"r.{name}" for name in names)
    await tx.driver.execute(f"insert into app.{table.name} ({', '.join(names)}) select {chosen} {made}{present}")
    same = _SAME.get(table.name) if part.folder == "references" else None
    if same is None:
        return
    key = "province_id" if table.name == "province" else "id"
    other = await tx.driver.fetchval(
        f"select r.{key}::text {made} left join app.{table.name} t on t.{key} = r.{key} "
        f"where t.{key} is null or t.{same} is distinct from r.{same} limit 1"
    )
    if other is not None:
        raise NotArchived(f"本平台的 {table.name} 与档案所引用的不一致：{other}")


async def _check_province(tx: Transaction, content: ZipFile, part: Part) -> None:
    """A province that is not here yet is opened with its entry in the directory; one of the same name must be the same."""
    (line,) = content.read(part.name).splitlines()
    row = msgspec.json.decode(line)
    taken = await tx.driver.fetchval(
        "select name from app.province_directory where (region = $1 or slug = $2) and province_id <> $3",
        row["region"],
        row["slug"],
        tx.province_id,
    )
    if taken is not None:
        raise NotArchived(
            f"本平台的“{taken}”是以另一编号开通的：请用 chengguo province create --id {tx.province_id} 开通省份后再导入"
        )
    known = await tx.driver.fetchval("select 1 from app.province_directory where province_id = $1", tx.province_id)
    if known is None:
        names = ("region", "slug", "name", "short_name")
        await tx.driver.execute(
            "select app.put_province($1, $2, $3, $4, $5, null, 0)", tx.province_id, *(row[name] for name in names)
        )


def _batches(content: ZipFile, part: Part) -> Iterator[list[tuple[str]]]:
    lines: list[tuple[str]] = []
    with content.open(part.name) as rows:
        for line in rows:
            lines.append((line.decode().rstrip("\n"),))
            if len(lines) == _AT_ONCE:
                yield lines
                lines = []
    if lines:
        yield lines


def _put_files(objects: ObjectStore, archive: Checked, content: ZipFile) -> None:
    """Every file that is not there yet; when one fails, those that were put now go again."""
    present, put = set(objects.list_now(archive.tenant_id)), []
    try:
        for digest in archive.digests:
            if digest not in present:
                put.append(objects.put_now(archive.tenant_id, content.read(f"files/{digest}")))
    except BaseException:
        for digest in put:
            objects.remove_now(archive.tenant_id, digest)
        raise


async def compare(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring, archive: Checked) -> list[str]:
    """The members of an archive whose rows or bytes are not those that stand here; what it refers to may have moved on."""
    async with snapshot(engine, archive.tenant_id) as moment:
        present = await measured(moment, objects, keyring)
    ours, theirs = (
        {one["name"]: one["sha256"] for one in found["members"] if not one["name"].startswith("references/")}
        for found in (present, archive.manifest)
    )
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
