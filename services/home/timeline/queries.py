"""From disclosure to money: everything that is recorded about one achievement, across the slices, in the order of its days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select

from services.empowerment import queries as empowerment
from services.empowerment.models import State, application
from services.home.timeline.rules import PHASES, Words, cited, words_of
from services.ledger import queries as ledger
from services.ledger.disclosure.models import disclosure
from services.ledger.points import NOW, Point, happened_then
from services.notices import queries as notices
from services.notices.models import notice
from shared.clock import SHANGHAI
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.policy.pack import Pack
from tenants.packs import governing
from tenants.people import doer, names_of, people_in


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of an achievement. ``at`` is empty where only the day is known; ``who`` where nobody is to be named."""

    on: date
    at: datetime | None
    phase: str
    label: str
    tone: str
    who: str = ""
    text: str = ""
    article: Citation | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """``moments`` with the oldest first; ``reached`` is the first day of each phase that was reached, in order."""

    moments: Sequence[Moment]
    reached: Sequence[tuple[str, date | None]]


@dataclass(frozen=True, slots=True)
class _Case:
    """Something that happened to the achievement: what its events are told with."""

    kind: str
    id: UUID
    href: str
    about: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


async def timeline(tx: Transaction, detail: ledger.Detail, began_on: date, point: Point = NOW) -> Timeline:
    """What the actor may see of an achievement's way; cases that they may not open are left out. ``detail`` is the record at
    ``point``: of a past day, what had happened by its end.
    """
    row = detail.row
    cases = [_Case("achievement", row.id, ""), *await _disclosures(tx, row.id)]
    applications = await _applications(tx, row.id)
    cases += [
        _Case("empowerment", one.id, f"/institution/empowerment/{one.id}", values={"grant": one.grant_type})
        for one in applications
    ]
    cases += await _notices(tx, row.id)
    moments = await _told(tx, cases, point)
    own_event = any(one.label == "登记入账" for one in moments) or (
        point.past and detail.row.source not in ("imported", "merged")
    )
    if not own_event:
        moments.append(_entered(began_on, await _pack(tx)))
    moments += await _agreements(tx, applications, point)
    moments += _conversions(detail, await _pack(tx), await _mode_labels(tx))
    moments.sort(key=lambda one: (one.on, one.at or datetime.combine(one.on, time.min, SHANGHAI)))
    first = {one.phase: one.on for one in reversed(moments)}
    return Timeline(moments, [(label, first.get(code)) for code, label in PHASES.items()])


async def _pack(tx: Transaction, version: UUID | None = None) -> Pack:
    return (await governing(tx, version)).pack


async def _mode_labels(tx: Transaction) -> Mapping[str, str]:
    pack = await _pack(tx)
    return {code: item.label for code, item in pack.enumeration("mode").items()}


async def _disclosures(tx: Transaction, achievement_id: UUID) -> list[_Case]:
    rows = await tx.rows(
        select(disclosure.c.id).where(
            disclosure.c.tenant_id == tx.tenant_id, disclosure.c.achievement_id == achievement_id
        )
    )
    return [_Case("disclosure", row.id, f"/institution/disclosures/{row.id}") for row in rows]


async def _applications(tx: Transaction, achievement_id: UUID) -> list[empowerment.Application]:
    """Those that the actor may open; nobody's draft but their own."""
    rows = await tx.rows(
        select(application.c.id).where(
            application.c.tenant_id == tx.tenant_id, application.c.achievement_id == achievement_id
        )
    )
    found = [await empowerment.find_application(tx, row.id) for row in rows]
    return [
        one for one in found if one is not None and (one.state != State.DRAFT or one.applicant_id == tx.actor.person_id)
    ]


async def _notices(tx: Transaction, achievement_id: UUID) -> list[_Case]:
    rows = await tx.rows(
        select(notice.c.id).where(notice.c.tenant_id == tx.tenant_id, notice.c.achievement_id == achievement_id)
    )
    found = [await notices.find_notice(tx, row.id) for row in rows]
    return [
        _Case("notice", one.id, f"/institution/notices/{one.id}", f"《{one.title}》", {"kind": one.kind})
        for one in found
        if one is not None
    ]


async def _told(tx: Transaction, cases: Sequence[_Case], point: Point) -> list[Moment]:
    known = {(one.kind, one.id): one for one in cases}
    table = workflow_event
    kinds = {kind for kind, _ in known}
    wanted = [
        and_(table.c.case_kind == kind, table.c.case_id.in_([one.id for one in cases if one.kind == kind]))
        for kind in sorted(kinds)
    ]
    events = await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id, or_(*wanted), *happened_then(tx, point, table.c.at, table.c.recorded_at)
        )
        .order_by(table.c.recorded_at)
    )
    named = [event for event in events if words_of(event.case_kind, event.event) is not None]
    names = await names_of(tx, people_in(named))
    packs = {version: await _pack(tx, version) for version in {event.pack_version_id for event in named}}
    return [
        _moment(event, words, known[event.case_kind, event.case_id], names, packs[event.pack_version_id])
        for event in named
        if (words := words_of(event.case_kind, event.event)) is not None
    ]


def _moment(event: Row[Any], words: Words, case: _Case, names: Mapping[UUID, str], pack: Pack) -> Moment:
    who = "" if words.unnamed else doer(event, names)
    text = "；".join(part for part in (case.about, event.reason or "") if part)
    article = cited(pack, words.path.format(**case.values)) if words.path else None
    on = event.at.astimezone(SHANGHAI).date()
    return Moment(on, event.at, words.phase, words.label, words.tone, who, text, article, case.href)


def _entered(began_on: date, pack: Pack) -> Moment:
    """A row that came with many others has no event of its own: it stands in the ledger from the day that the ledger says."""
    return Moment(
        began_on, None, "registered", "载入台账", "green", text="随单位原有台账成批登记",
        article=cited(pack, "fields.ledger"),
    )  # fmt: skip


async def _agreements(tx: Transaction, applications: Sequence[empowerment.Application], point: Point) -> list[Moment]:
    found: list[Moment] = []
    for one in applications:
        signed = await empowerment.agreement_of(tx, one.id)
        if signed is not None and signed.effective_on != signed.signed_on and await _agreed_then(tx, one.id, point):
            if point.as_of is not None and signed.effective_on > point.as_of:
                continue
            pack = await _pack(tx, one.pack_version_id)
            article = cited(pack, f"agreements.{one.grant_type}")
            href = f"/institution/empowerment/{one.id}"
            found.append(Moment(signed.effective_on, None, "agreed", "协议生效", "green", article=article, href=href))
    return found


async def _agreed_then(tx: Transaction, application_id: UUID, point: Point) -> bool:
    """Whether the agreement was signed by then, as was known then: its event says when."""
    table = workflow_event
    return not point.past or bool(
        await tx.scalar(
            select(func.count()).where(
                table.c.tenant_id == tx.tenant_id, table.c.case_kind == "empowerment", table.c.case_id == application_id,
                table.c.event == "agreed", *happened_then(tx, point, table.c.at, table.c.recorded_at),
            )
        )
    )  # fmt: skip


def _conversions(detail: ledger.Detail, pack: Pack, modes: Mapping[str, str]) -> list[Moment]:
    """The contracts by the day on which they were signed; one without a day stands on the day of the ledger's version."""
    found = []
    for one in detail.conversions:
        money = f"金额 {one.amount:,.2f} 元" if one.amount is not None else "合同未载明金额"
        parts = (modes.get(one.mode or "", ""), one.counterparty or "", money, one.terms or "")
        text = "，".join(part for part in parts if part) + ("" if one.signed_on else "；未载明签订日期")
        on = one.signed_on or detail.since
        found.append(
            Moment(on, None, "converted", "转化合同", "green", text=text, article=cited(pack, "enumerations.mode"))
        )
    return found
