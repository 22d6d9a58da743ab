"""Putting a policy pack in force: loaded, rehearsed, proposed by one, confirmed by another person, from a day on.

The province decides: two people of its science department. The operator may do it only as long as no pack governs there yet.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from shared.audit.writing import write_audit
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, Unavailable, stale
from shared.ids import new_id
from shared.policy.commands import diff
from shared.policy.evaluator import failing_cases
from shared.policy.loader import PACKS, resolve_pack
from shared.policy.pack import Pack
from shared.policy.schema import PackHeader
from shared.policy.sources import PackError, Problem, Sources
from shared.workflow import record_event, refuse, send
from tenants.packs import governing, pack_activation, pack_version, store_pack
from tenants.registry import organisation, province
from tenants.rehearsal import begin_rehearsal, progress_of

KIND = "pack_activation"
CONFIRMING = "console:policy:confirm"


async def load(tx: Transaction, region: str, sources: Sources | None = None) -> UUID:
    """Check the pack's files, its own test cases too, and store them as an immutable version; the same files are one.

    :param sources: where the files are; the packs that come with the platform by default.
    :raises PackError: every problem at once, also a region that is not the province's and a version name that stands for
        other content already; nothing is stored.
    """
    sources = sources or Sources.of_folder(PACKS)
    pack = resolve_pack(region, sources)
    wrong = failing_cases(pack) or [*await _of_another_region(tx, pack), *await _of_a_taken_name(tx, pack)]
    if wrong:
        raise PackError(wrong)
    known = {row.id for row in await tx.rows(select(pack_version.c.id).where(_own(tx)))}
    version_id = await store_pack(tx, region, sources)
    if version_id not in known:
        await write_audit(tx, "pack.load", "pack_version", version_id, details={"name": region})
    return version_id


async def _of_another_region(tx: Transaction, pack: Pack) -> list[Problem]:
    own = await tx.scalar(select(province.c.region).where(province.c.province_id == tx.province_id))
    if own == pack.id:
        return []
    return [Problem(f"{pack.id}/pack.toml", 0, "id", f"这是 {pack.id} 的政策包，本省的地区代号是 {own}，不能载入")]


async def _of_a_taken_name(tx: Transaction, pack: Pack) -> list[Problem]:
    """A version's name stands for one content: people decide about it by that name."""
    row = await tx.row(
        select(pack_version.c.id, pack_version.c.loaded_at).where(
            _own(tx),
            pack_version.c.region == pack.id,
            pack_version.c.version == pack.version,
            pack_version.c.hash != pack.content_hash,
        )
    )
    if row is None:
        return []
    place = f"{pack.id}/pack.toml"
    told = f"版本名称 {pack.version} 已用于 {local_day(row.loaded_at)} 载入的另一内容；内容有变，请改用新的版本名称"
    try:
        differences = diff((await governing(tx, row.id)).pack, pack)
    except Unavailable:
        return [Problem(place, 0, "version", told)]
    words = [
        f"{one.path}：{one.before.value if one.before else '（无）'} → {one.after.value if one.after else '（无）'}"
        for one in differences
    ]
    return [
        Problem(place, 0, "version", told),
        *(Problem(place, 0, "", f"不同：{one}") for one in words or ["取值相同，出处或其他文字不同"]),
    ]


def _own(tx: Transaction) -> ColumnElement[bool]:
    return pack_version.c.province_id == tx.province_id


async def propose(tx: Transaction, version_id: UUID, effective_on: date) -> UUID | Refusal:
    """Propose a stored version from a day on, and have it rehearsed; proposing the same again is the same proposal.

    :raises NotFound: no such version in this province.
    """
    if await tx.scalar(select(pack_version.c.id).where(_own(tx), pack_version.c.id == version_id)) is None:
        raise NotFound
    on_the_day = await _standing_on(tx, effective_on)
    if on_the_day is not None and on_the_day.pack_version_id == version_id:
        if on_the_day.confirmed_at is None and tx.pack_version_id is not None:
            await begin_rehearsal(tx, on_the_day.id)
        return UUID(str(on_the_day.id))
    refused = not_of_the_province(tx) or _past(tx, effective_on) or _overlap(on_the_day)
    refused = refused or not_of_its_time((await governing(tx, version_id)).pack.header, effective_on)
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.propose", "pack_version", version_id)
    try:
        async with tx.attempt():
            activation_id = await _insert(tx, version_id, effective_on)
    except IntegrityError:  # somebody proposed another version for that day meanwhile
        taken = _overlap(await _standing_on(tx, effective_on)) or stale("他人刚刚提出了同一日期的提议；请刷新页面")
        return await refuse(tx, taken, f"{KIND}.propose", "pack_version", version_id)
    if tx.pack_version_id is not None:
        await begin_rehearsal(tx, activation_id)
    await record_event(tx, KIND, activation_id, "proposed", to_state="proposed")
    details = {"version": str(version_id), "effective_on": effective_on.isoformat()}
    await write_audit(tx, f"{KIND}.propose", KIND, activation_id, details=details)
    if tx.scope.role == "web_science":
        await send(
            tx,
            "message",
            {
                "title": f"政策规则启用提议待确认：自 {effective_on} 起适用",
                "href": f"/console/policy/proposals/{activation_id}",
                "to_permission": CONFIRMING,
            },
        )
    return activation_id


async def _insert(tx: Transaction, version_id: UUID, effective_on: date) -> UUID:
    activation_id = new_id()
    assert tx.actor.person_id is not None
    await tx.execute(
        insert(pack_activation)
        .inline()
        .values(
            id=activation_id,
            province_id=tx.province_id,
            pack_version_id=version_id,
            effective_on=effective_on,
            proposed_by=tx.actor.person_id,
            proposed_at=tx.now,
        )
    )
    return activation_id


async def confirm(tx: Transaction, activation_id: UUID) -> Refusal | None:
    """Confirm another person's proposal: the pack governs from its day on, and every institution is told.

    :raises NotFound: no such proposal in this province.
    """
    row = await activation_for_update(tx, activation_id)
    refused = _not_open(row) or not_of_the_province(tx)
    if refused is None and (tx.actor.person_id is None or row.proposed_by == tx.actor.person_id):
        refused = Refusal("pack.same_person", "提议人不能确认自己的提议：启用政策规则须由两人办理", kind="permission")
    refused = refused or _past(tx, row.effective_on) or await _not_rehearsed(tx, row.id)
    refused = refused or not_of_its_time((await governing(tx, row.pack_version_id)).pack.header, row.effective_on)
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.confirm", KIND, activation_id)
    await change(tx, activation_id, confirmed_by=tx.actor.person_id, confirmed_at=tx.now)
    await tx.execute(
        text("select app.put_pack_in_force(:province, :day, :version)"),
        {"province": tx.province_id, "day": row.effective_on, "version": row.pack_version_id},
    )
    await record_event(tx, KIND, activation_id, "confirmed", from_state="proposed", to_state="confirmed")
    await write_audit(tx, f"{KIND}.confirm", KIND, activation_id)
    if tx.pack_version_id is not None:
        await tell_institutions(tx, f"自 {row.effective_on} 起适用新的政策规则版本")
    return None


async def withdraw(tx: Transaction, activation_id: UUID, reason: str) -> Refusal | None:
    """Take a proposal back that nobody has confirmed; its day is free again.

    :raises NotFound: no such proposal in this province.
    """
    row = await activation_for_update(tx, activation_id)
    refused = _not_open(row)
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.withdraw", KIND, activation_id)
    await change(tx, activation_id, withdrawn_by=tx.actor.person_id, withdrawn_at=tx.now)
    await record_event(tx, KIND, activation_id, "withdrawn", from_state="proposed", to_state="withdrawn", reason=reason)
    await write_audit(tx, f"{KIND}.withdraw", KIND, activation_id, details={"reason": reason})
    return None


def not_of_its_time(header: PackHeader, day: date) -> Refusal | None:
    """Why a version cannot begin on a day by what it says of itself; None when it can."""
    if header.legal_state == "repealed":
        return Refusal("pack.repealed", f"版本 {header.version} 已注明废止，不能启用")
    if header.effective_from is not None and day < header.effective_from:
        return Refusal(
            "pack.not_yet_in_force",
            f"版本 {header.version} 注明自 {header.effective_from} 起施行，不能自更早的 {day} 起适用",
        )
    if header.effective_to is not None and day > header.effective_to:
        return Refusal("pack.no_longer_in_force", f"版本 {header.version} 注明施行至 {header.effective_to}，不能再启用")
    return None


def not_of_the_province(tx: Transaction) -> Refusal | None:
    """Why the transaction's people do not decide: a province that has rules decides about them itself."""
    if tx.scope.role == "web_science" or tx.pack_version_id is None:
        return None
    return Refusal(
        "pack.not_the_province",
        "本省已有政策规则在施行，启用新版本须由科技主管部门的两人提议和确认，平台运维不能代办",
        kind="permission",
    )


def _past(tx: Transaction, day: date) -> Refusal | None:
    # A province's first pack may begin earlier: nothing has been decided under another one that it would rewrite.
    if tx.pack_version_id is None or day >= tx.today:
        return None
    return Refusal(
        "pack.past_day", f"生效日期 {day} 早于今天 {tx.today}：已经办理的事项不能改按新的规则，请另选今天或以后的日期"
    )


def _overlap(standing: Row[Any] | None) -> Refusal | None:
    if standing is None:
        return None
    state = "已确认" if standing.confirmed_at is not None else "已提议"
    return Refusal(
        "pack.overlap",
        f"{standing.effective_on} 起适用的版本{state}（{standing.version}），同一天不能有两个版本；"
        "请另选日期，或先撤回尚未确认的提议",
    )


async def _not_rehearsed(tx: Transaction, activation_id: UUID) -> Refusal | None:
    if tx.pack_version_id is None:
        return None
    progress = await progress_of(tx, activation_id)
    if progress.tenants and progress.finished:
        return None
    return Refusal(
        "pack.rehearsal_running",
        f"试算尚未完成（{progress.tenants_done}/{progress.tenants} 个单位），完成后才能确认：确认前须看到会有哪些变化",
        kind="state",
    )


def _not_open(row: Row[Any]) -> Refusal | None:
    if row.withdrawn_at is not None:
        return stale("该启用提议已经撤回")
    return stale("该启用提议已经确认过") if row.confirmed_at is not None else None


async def _standing_on(tx: Transaction, day: date) -> Row[Any] | None:
    """The proposal or confirmation for a day, with its version."""
    table = pack_activation.c
    return await tx.row(
        select(pack_activation, pack_version.c.version)
        .join(pack_version, (pack_version.c.id == table.pack_version_id) & _own(tx))
        .where(table.province_id == tx.province_id, table.effective_on == day, table.withdrawn_at.is_(None))
    )


async def activation_for_update(tx: Transaction, activation_id: UUID) -> Row[Any]:
    """A proposal of the province, locked.

    :raises NotFound: no such proposal in this province.
    """
    table = pack_activation.c
    row = await tx.row(
        select(pack_activation).where(table.province_id == tx.province_id, table.id == activation_id).with_for_update()
    )
    if row is None:
        raise NotFound
    return row


async def change(tx: Transaction, activation_id: UUID, **values: Any) -> None:
    """Write what became of a proposal."""
    table = pack_activation.c
    await tx.execute(
        update(pack_activation).where(table.province_id == tx.province_id, table.id == activation_id).values(**values)
    )


async def _institutions(tx: Transaction) -> Sequence[Row[Any]]:
    return await tx.rows(
        select(organisation.c.id, organisation.c.department_id).where(
            organisation.c.province_id == tx.province_id, organisation.c.kind == "institution"
        )
    )


async def tell_institutions(tx: Transaction, title: str) -> None:
    """A message to every institution of the province, about its rules."""
    news = {"title": title, "href": "/institution/policy", "to_permission": "institution:home:read"}
    for row in await _institutions(tx):
        await send(tx, "message", news, tenant_id=row.id, department_id=row.department_id)
