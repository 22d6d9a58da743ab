"""Which policy pack governs: stored versions, activations, and the process's cache of resolved packs."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    text,
)

from shared.calendar.calendar import Calendar
from shared.clock import local_day, real_now
from shared.db.hot import HotStatement
from shared.db.tables import global_table
from shared.db.transaction import Transaction
from shared.errors import Refusal, Unavailable
from shared.ids import named_id
from shared.policy.answer import Citation
from shared.policy.inputs import inputs_in_words
from shared.policy.loader import PACKS, resolve_pack
from shared.policy.pack import Pack
from shared.policy.sources import PackError, Sources
from shared.workflow import cite_by
from tenants.calendar import calendar_day, calendar_year, last_change, load_calendar
from tenants.registry import organisation, province

pack_version = global_table(
    "pack_version",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("region", String(12), nullable=False),
    Column("version", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="the checked files as one text; only this runs"),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("published_at", DateTime(timezone=True)),
    UniqueConstraint("province_id", "hash", name="pack_version_province_id_hash_key"),
    UniqueConstraint("province_id", "id", name="pack_version_province_id_id_key"),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

pack_activation = global_table(
    "pack_activation",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("pack_version_id", Uuid, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("proposed_by", Uuid, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_by", Uuid),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("withdrawn_by", Uuid),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("revocation_by", Uuid, comment="who proposed to revoke it; another person does, as withdrawn_by"),
    Column("revocation_at", DateTime(timezone=True)),
    Column("revocation_reason", Text),
    ForeignKeyConstraint(["province_id", "pack_version_id"], ["app.pack_version.province_id", "app.pack_version.id"]),
    Index("pack_activation_province_id_idx", "province_id", "effective_on"),
    # One version a day: two that begin on the same day would overlap.
    Index(
        "pack_activation_day_key",
        "province_id",
        "effective_on",
        unique=True,
        postgresql_where=text("withdrawn_at is null"),
    ),
)


@dataclass(frozen=True, slots=True)
class Governing:
    """A stored pack version and its resolved pack: what a decision cites."""

    id: UUID
    hash: str
    pack: Pack


class Unreadable(Unavailable):
    """A stored version that this release of the platform cannot read."""


_resolved: dict[tuple[UUID, str], tuple[str, Governing]] = {}
# Neither a stored version nor the code changes while the process lives: what could not be read once is not tried again.
_unreadable: dict[UUID, str] = {}
_STAMP = HotStatement(
    select(
        province.c.mode,
        func.coalesce(organisation.c.area, "").label("area"),
        last_change(calendar_day).label("days"),
        last_change(calendar_year).label("years"),
    )
    .join(
        organisation,
        (organisation.c.id == bindparam("tenant")) & (organisation.c.province_id == province.c.province_id),
        isouter=True,
    )
    .where(province.c.province_id == bindparam("province"))
)


async def governing(tx: Transaction, version_id: UUID | None = None) -> Governing:
    """The pack in force for the transaction's province, or the named version of a pinned case.

    Resolved once per process, version and area; an entry of the calendar table, made by whatever process, is seen by the
    next transaction, since its stamp is read with it. Where the pack in force cannot be read by this release, the last one
    before it that can be goes on governing, and the transaction says so of itself; a named version is never replaced.

    :raises Unavailable: the province has no pack in force, or none that can be read.
    """
    wanted = version_id or tx.pack_version_id
    if wanted is None:
        raise Unavailable("本省尚未启用政策规则，请联系科技主管部门")
    try:
        return await _read(tx, wanted)
    except Unreadable:
        earlier = None if version_id is not None else await _last_readable(tx)
        if earlier is None:
            raise
        tx.read_once[reading_of] = wanted
        tx.pack_version_id = earlier.id
        return earlier


def article_of(pack: Pack, paths: Sequence[str]) -> Citation | None:
    """The article of the first of the paths that a pack has; None where it has none of them."""
    known = pack.paths()
    found = next((path for path in paths if any(one == path or one.startswith(f"{path}.") for one in known)), None)
    return pack.citation(found) if found is not None else None


def cited(refusal: Refusal, pack: Pack) -> Refusal:
    """A refusal with the first of its articles that a pack has, and its inputs in words."""
    inputs = dict(refusal.inputs)
    for finding in refusal.findings:
        inputs |= finding.inputs
    return replace(
        refusal,
        citation=refusal.citation or article_of(pack, refusal.articles),
        told=refusal.told or inputs_in_words(pack, inputs),
    )


async def _cited(tx: Transaction, refusal: Refusal, version_id: UUID | None) -> Refusal:
    """A refusal with its article and its inputs in words, by the pack that governs; as it is where none does."""
    try:
        pack = (await governing(tx, version_id)).pack
    except Unavailable:
        return refusal
    return cited(refusal, pack)


cite_by(_cited)


async def _last_readable(tx: Transaction) -> Governing | None:
    """The version of the latest day until today that this release can read."""
    for row in await list_activations(tx):
        if row.confirmed_at is not None and row.withdrawn_at is None and row.effective_on <= tx.today:
            with suppress(Unreadable):
                return await _read(tx, row.pack_version_id)
    return None


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the pack in force can be read: ``ok``, ``earlier`` (an earlier version governs meanwhile), ``none``."""

    state: str
    version: str = ""
    instead: str = ""


async def reading_of(tx: Transaction) -> Reading:
    """How the province's pack in force is read by this release; nothing in force is nothing wrong."""
    wanted = tx.read_once.get(reading_of, tx.pack_version_id)
    if wanted is None:
        return Reading("ok")
    with suppress(Unreadable):
        await _read(tx, wanted)
        return Reading("ok")
    table = pack_version.c
    version = await tx.scalar(select(table.version).where(table.province_id == tx.province_id, table.id == wanted))
    earlier = await _last_readable(tx)
    return Reading("none" if earlier is None else "earlier", str(version), earlier.pack.version if earlier else "")


async def _read(tx: Transaction, wanted: UUID) -> Governing:
    read = tx.read_once.get((governing, wanted))
    if read is not None:
        return cast(Governing, read)
    area, stamp = await _stamp(tx)
    known = _resolved.get((wanted, area))
    if known is None or known[0] != stamp:
        known = _resolved[wanted, area] = stamp, await _resolve(tx, wanted, await load_calendar(tx, area))
    tx.read_once[governing, wanted] = known[1]
    return known[1]


_banners: dict[UUID, str] = {}
_entries: dict[UUID, frozenset[str]] = {}


_doubts: dict[UUID, tuple[float, str]] = {}
_DOUBT_SECONDS = 5.0
_REVOCATION = HotStatement(
    select(pack_activation.c.effective_on, pack_activation.c.revocation_at).where(
        pack_activation.c.province_id == bindparam("province"),
        pack_activation.c.pack_version_id == bindparam("version"),
        pack_activation.c.withdrawn_at.is_(None),
        pack_activation.c.revocation_at.is_not(None),
    )
)


async def know_banner(tx: Transaction) -> None:
    """Have at hand what stands above every page of a province: what the pack in force says, read once per version and
    process; and that somebody proposed to revoke it and nobody confirmed that before its day, read again after seconds.
    """
    version = tx.pack_version_id
    if version is None:
        return
    if version not in _banners:
        with suppress(Unavailable):
            pack = (await governing(tx)).pack
            _banners[version], _entries[version] = pack.banner, frozenset(pack.paths())
    now = real_now().timestamp()
    if version not in _doubts or now - _doubts[version][0] > _DOUBT_SECONDS:
        rows = await _REVOCATION.fetch(tx.driver, {"province": tx.province_id, "version": version})
        _doubts[version] = (
            now,
            "；".join(
                f"现行政策规则自 {row['effective_on']} 起适用，{local_day(row['revocation_at'])} 有人提议撤销而未经另一人确认，"
                "按它办理的事项请留意科技主管部门的通知"
                for row in rows
            ),
        )


def banner_of(version_id: UUID | None) -> str | None:
    """The words above every page under a pack (a draft's, 征求意见稿; a revocation that is open); None without any."""
    if version_id is None:
        return None
    said = (_banners.get(version_id), _doubts.get(version_id, (0.0, ""))[1])
    return "。".join(words for words in said if words) or None


def has_entry(version_id: UUID | None, path: str) -> bool:
    """Whether a pack has this entry (``reports.exit_list``), as ``know_banner`` read it; a pack not read yet may have it."""
    return version_id is None or version_id not in _entries or path in _entries[version_id]


async def _stamp(tx: Transaction) -> tuple[str, str]:
    """(area of the transaction's tenant, what changes with the calendar table or the province's mode): one round trip."""
    rows = await _STAMP.fetch(tx.driver, {"tenant": tx.tenant_id, "province": tx.province_id})
    return ("", "") if not rows else (rows[0]["area"], f"{rows[0]['mode']} {rows[0]['days']} {rows[0]['years']}")


async def _resolve(tx: Transaction, version_id: UUID, calendar: Calendar) -> Governing:
    stored = await tx.row(
        select(pack_version.c.region, pack_version.c.hash, pack_version.c.body, province.c.mode)
        .join(province, province.c.province_id == pack_version.c.province_id)
        .where(pack_version.c.id == version_id, pack_version.c.province_id == tx.province_id)
    )
    if stored is None:
        raise Unavailable("政策规则版本不存在，请联系平台运维")
    if version_id in _unreadable:
        raise Unreadable(_unreadable[version_id])
    try:
        pack = resolve_pack(stored.region, Sources.of_bundle(stored.body), mode=stored.mode, calendar=calendar)
    except PackError as error:
        _unreadable[version_id] = f"政策规则版本 {version_id} 不能由本版平台读取，请联系平台运维：{error}"
        raise Unreadable(_unreadable[version_id]) from error
    return Governing(version_id, stored.hash, pack)


async def store_pack(tx: Transaction, region: str, sources: Sources | None = None) -> UUID:
    """Check the pack of a region and store it with all it inherits as an immutable row; the same files are one row.

    :param sources: where the files are; the packs that come with the platform by default.
    :raises PackError: every problem at once, with file and line.
    """
    sources = sources or Sources.of_folder(PACKS)
    pack = resolve_pack(region, sources)
    body = sources.bundle([name for name, _ in pack.chain])
    known = await tx.scalar(
        select(pack_version.c.id).where(
            pack_version.c.province_id == tx.province_id, pack_version.c.hash == pack.content_hash
        )
    )
    if known is not None:
        return UUID(str(known))
    # the same in every installation of the province: what was decided by it can be brought there
    version_id = named_id("pack", str(tx.province_id), pack.content_hash)
    await tx.execute(
        insert(pack_version).values(
            id=version_id,
            province_id=tx.province_id,
            region=region,
            version=pack.version,
            hash=pack.content_hash,
            body=body,
            published_at=tx.now,
        )
    )
    return version_id


async def list_versions(tx: Transaction) -> Sequence[Row[Any]]:
    """The stored packs of the province, newest first."""
    table = pack_version.c
    return await tx.rows(
        select(table.id, table.region, table.version, table.hash, table.loaded_at)
        .where(table.province_id == tx.province_id)
        .order_by(table.loaded_at.desc())
    )


async def list_activations(tx: Transaction) -> Sequence[Row[Any]]:
    """Which pack was proposed and confirmed from which day, the latest day first."""
    return await tx.rows(
        select(pack_activation, pack_version.c.version)
        .join(
            pack_version,
            (pack_version.c.id == pack_activation.c.pack_version_id)
            & (pack_version.c.province_id == pack_activation.c.province_id),
        )
        .where(pack_activation.c.province_id == tx.province_id)
        .order_by(pack_activation.c.effective_on.desc(), pack_activation.c.proposed_at.desc())
    )
