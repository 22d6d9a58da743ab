"""Writes an archive: one zip, member after member, never whole in memory."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from tenants.archive.contents import Part, parts
from tenants.archive.reading import Member, Snapshot, as_text, files_of, manifest

MANIFEST = "manifest.json"
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive holds."""

    manifest: dict[str, Any]

    @property
    def total(self) -> dict[str, Any]:
        found: dict[str, Any] = self.manifest["total"]
        return found


async def _nothing(done: int, of: int) -> None:
    return None


async def write_archive(
    moment: Snapshot, objects: ObjectStore, keyring: Keyring, target: BinaryIO, told: Progress = _nothing
) -> Written:
    """Write a tenant's archive into a file; ``told`` hears after each member how many are done, of how many.

    The manifest comes last, so a file that broke off has none.

    :raises NotArchived: a record is quarantined.
    """
    await moment.refuse_quarantined()
    files = list(files_of(objects, moment.whose.tenant_id, await moment.archives()))
    rows = parts()
    members: list[Member] = []
    with ZipFile(target, "w") as archive:
        for part in rows:
            members.append(await _write_rows(archive, moment, part))
            await told(len(members), len(rows) + len(files))
        for digest in files:
            content = await objects.get(moment.whose.tenant_id, digest)
            with archive.open(_info(f"files/{digest}", ZIP_STORED), "w", force_zip64=True) as out:
                out.write(content)
            members.append(Member(f"files/{digest}", None, len(content), digest))
            await told(len(members), len(rows) + len(files))
        found = manifest(moment.whose, members, await moment.keys(keyring))
        archive.writestr(_info(MANIFEST, ZIP_DEFLATED), as_text(found))
    return Written(found)


async def _write_rows(archive: ZipFile, moment: Snapshot, part: Part) -> Member:
    digest, rows, size = sha256(), 0, 0
    with archive.open(_info(part.name, ZIP_DEFLATED), "w", force_zip64=True) as out:
        async for chunk in moment.lines(part):
            out.write(chunk)
            digest.update(chunk)
            rows, size = rows + chunk.count(b"\n"), size + len(chunk)
    return Member(part.name, rows, size, digest.hexdigest())


def _info(name: str, compression: int) -> ZipInfo:
    """A member without a date: the same content gives the same bytes."""
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = compression
    info.external_attr = 0o600 << 16
    return info
