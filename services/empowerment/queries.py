"""Every SELECT of empowerment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, true, tuple_

from services.empowerment.models import (
    DONE,
    LIVE,
    State,
    agreement,
    application,
    application_notice,
    feasibility,
    formality,
    member,
    screening,
)
from services.empowerment.rules import ListRef, Selection, Submission, TeamMember, Terms, Unit
from services.ledger.claiming.queries import is_own
from services.ledger.models import achievement, achievement_completer
from services.negative_list.queries import version_in_force
from services.pilot.queries import memberships
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.keyset import Place
from tenants.registry import organisation

PAGE = 20
_SEES_ALL = frozenset({"institution:empowerment:review", "institution:empowerment:sign"})
_APPLY = "institution:empowerment:apply"
CASE = "empowerment"


def as_share(text: str | None) -> Fraction | None:
    """A stored share; empty stays empty."""
    return None if text is None else Fraction(text)


@dataclass(frozen=True, slots=True)
class Application:
    """An application with the achievement it is about."""

    id: UUID
    achievement_id: UUID
    achievement_name: str
    achievement_code: str
    achievement_type: str
    achievement_status: str
    achievement_state: str
    grant_type: str
    grant_mode: str | None
    state: str
    step: str | None
    applicant_id: UUID
    representative_id: UUID | None
    explanation: str | None
    team_information: str | None
    plan: str | None
    materials: dict[str, str] | None
    conditions: dict[str, dict[str, Any]] | None
    unit_share: str | None
    team_share: str | None
    co_ownership: str | None
    term_first_day: date | None
    term_last_day: date | None
    protection_last_day: date | None
    draft: dict[str, Any] | None
    pack_version_id: UUID
    submitted_at: datetime | None
    return_field: str | None
    return_reason: str | None
    created_at: datetime
    changed_at: datetime

    @property
    def terms(self) -> Terms:
        """What was applied for, as an agreement would settle it."""
        return Terms(
            as_share(self.unit_share),
            as_share(self.team_share),
            self.co_ownership,
            self.term_first_day,
            self.term_last_day,
            self.protection_last_day,
        )


_ACHIEVEMENT = (
    achievement.c.name.label("achievement_name"),
    achievement.c.code.label("achievement_code"),
    achievement.c.type.label("achievement_type"),
    achievement.c.status.label("achievement_status"),
    achievement.c.state.label("achievement_state"),
)


def handles(tx: Transaction) -> bool:
    """Whether the actor handles everybody's applications, and so is not one of those who apply for what is theirs."""
    return bool(tx.actor.permissions & _SEES_ALL) or tx.scope.role == "worker"


def _seen(tx: Transaction) -> ColumnElement[bool]:
    """Who handles applications sees all of them; an applicant sees those that they entered or belong to."""
    if _APPLY not in tx.actor.permissions or handles(tx):
        return application.c.tenant_id == tx.tenant_id
    mine = exists().where(
        member.c.tenant_id == application.c.tenant_id,
        member.c.application_id == application.c.id,
        is_own(tx, member.c.person_id),
    )
    return and_(application.c.tenant_id == tx.tenant_id, or_(application.c.applicant_id == tx.actor.person_id, mine))


def _shown(tx: Transaction) -> ColumnElement[bool]:
    """What is suspected to be classified is shown to nobody; a task goes on counting its days."""
    return true() if tx.scope.role == "worker" else achievement.c.state != "quarantined"


def _applications(tx: Transaction) -> Select[Any]:
    return (
        select(application, *_ACHIEVEMENT)
        .join(
            achievement,
            and_(achievement.c.tenant_id == application.c.tenant_id, achievement.c.id == application.c.achievement_id),
        )
        .where(application.c.tenant_id == tx.tenant_id, achievement.c.tenant_id == tx.tenant_id, _seen(tx), _shown(tx))
    )


def _application(row: Row[Any]) -> Application:
    return Application(**{name: getattr(row, name) for name in Application.__dataclass_fields__})


async def find_application(tx: Transaction, application_id: UUID) -> Application | None:
    """One application that the actor may see; None for anything else."""
    row = await tx.row(_applications(tx).where(application.c.id == application_id))
    return None if row is None else _application(row)


async def application_for_update(tx: Transaction, application_id: UUID) -> Application | None:
    """The same, with its row locked until the transaction ends."""
    locked = await tx.scalar(
        select(application.c.id)
        .where(application.c.tenant_id == tx.tenant_id, application.c.id == application_id)
        .with_for_update()
    )
    return None if locked is None else await find_application(tx, application_id)


async def list_applications(
    tx: Transaction, states: Sequence[str], *, mine: bool = False, before: Place | None = None, limit: int = PAGE
) -> list[Application]:
    """Applications in some states, the last changed first; ``mine``: entered by the actor."""
    statement = _applications(tx).where(application.c.state.in_(states))
    if mine:
        statement = statement.where(application.c.applicant_id == tx.actor.person_id)
    elif not set(states) <= {State.DRAFT}:
        statement = statement.where(
            or_(application.c.state != State.DRAFT, application.c.applicant_id == tx.actor.person_id)
        )
    if before is not None:
        statement = statement.where(tuple_(application.c.changed_at, application.c.id) < before)
    rows = await tx.rows(statement.order_by(application.c.changed_at.desc(), application.c.id.desc()).limit(limit))
    return [_application(row) for row in rows]


async def count_by_state(tx: Transaction) -> Mapping[str, int]:
    rows = await tx.rows(
        select(application.c.state, func.count().label("n"))
        .where(application.c.tenant_id == tx.tenant_id, _seen(tx))
        .group_by(application.c.state)
    )
    return {row.state: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the applying team."""

    person_id: UUID
    share: str | None
    confirmed: bool
    confirmed_at: datetime | None


async def members_of(tx: Transaction, application_id: UUID) -> list[Member]:
    rows = await tx.rows(
        select(member.c.person_id, member.c.share, member.c.confirmed, member.c.confirmed_at)
        .where(member.c.tenant_id == tx.tenant_id, member.c.application_id == application_id)
        .order_by(member.c.position)
    )
    return [Member(row.person_id, row.share, row.confirmed, row.confirmed_at) for row in rows]


def submission_of(found: Application, members: Sequence[Member]) -> Submission:
    """What was last submitted, for pages and comparisons."""
    return Submission(
        found.grant_type,
        found.representative_id,
        tuple(TeamMember(one.person_id, one.confirmed, as_share(one.share)) for one in members),
        found.explanation or "",
        found.team_information or "",
        found.plan or "",
        found.conditions or {},
        as_share(found.unit_share),
        as_share(found.team_share),
        found.co_ownership,
        found.term_first_day,
        found.term_last_day,
        found.protection_last_day,
        found.grant_mode,
        found.materials or {},
    )


async def completers_of(tx: Transaction, achievement_id: UUID) -> list[UUID]:
    """The people whom the ledger names as completers, in its order."""
    rows = await tx.rows(
        select(achievement_completer.c.person_id)
        .where(
            achievement_completer.c.tenant_id == tx.tenant_id,
            achievement_completer.c.achievement_id == achievement_id,
        )
        .order_by(achievement_completer.c.position)
    )
    return [row.person_id for row in rows]


async def other_applications(tx: Transaction, achievement_id: UUID, application_id: UUID) -> list[str]:
    """The states of the achievement's other applications that are live or done."""
    rows = await tx.rows(
        select(application.c.state).where(
            application.c.tenant_id == tx.tenant_id,
            application.c.achievement_id == achievement_id,
            application.c.id != application_id,
            application.c.state.in_([*LIVE, *DONE]),
        )
    )
    return [row.state for row in rows]


async def lock_achievement(tx: Transaction, achievement_id: UUID) -> None:
    """One application after the other: who applies for the same achievement waits here."""
    await tx.scalar(
        select(achievement.c.id)
        .where(achievement.c.tenant_id == tx.tenant_id, achievement.c.id == achievement_id)
        .with_for_update()
    )


async def unit_of(tx: Transaction) -> Unit:
    """The institution as the rules ask about it: kind, traits, pilots, rules of its own."""
    row = await tx.row(
        select(organisation.c.unit_kind, organisation.c.central, organisation.c.settings).where(
            organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id
        )
    )
    assert row is not None
    settings = row.settings or {}
    selections = tuple(
        Selection(one.guideline, one.first_day, one.last_day, one.document) for one in await memberships(tx)
    )
    traits = ("central",) if row.central else ("provincial",)
    return Unit(row.unit_kind or "", traits, selections, tuple(settings.get("unit_rules", ())))


async def list_in_force(tx: Transaction, day: date) -> ListRef | None:
    """The negative list that a screening on a day must use."""
    found = await version_in_force(tx, day)
    if found is None:
        return None
    return ListRef(found.id, found.number, found.hash, tuple(item.code for item in found.items))


async def screenings_of(tx: Transaction, application_id: UUID) -> list[Row[Any]]:
    """Every screening of an application, the newest first."""
    return list(
        await tx.rows(
            select(screening)
            .where(screening.c.tenant_id == tx.tenant_id, screening.c.application_id == application_id)
            .order_by(screening.c.recorded_at.desc())
        )
    )


async def feasibility_of(tx: Transaction, application_id: UUID) -> Row[Any] | None:
    """The newest feasibility review."""
    return await tx.row(
        select(feasibility)
        .where(feasibility.c.tenant_id == tx.tenant_id, feasibility.c.application_id == application_id)
        .order_by(feasibility.c.assessed_at.desc(), feasibility.c.id.desc())
        .limit(1)
    )


async def notice_ids_of(tx: Transaction, application_id: UUID) -> list[UUID]:
    """The notices that were published for an application, the newest first."""
    rows = await tx.rows(
        select(application_notice.c.notice_id)
        .where(application_notice.c.tenant_id == tx.tenant_id, application_notice.c.application_id == application_id)
        .order_by(application_notice.c.linked_at.desc())
    )
    return [row.notice_id for row in rows]


async def applications_by_notice(tx: Transaction, notice_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Notice → application."""
    rows = await tx.rows(
        select(application_notice.c.notice_id, application_notice.c.application_id).where(
            application_notice.c.tenant_id == tx.tenant_id, application_notice.c.notice_id.in_(notice_ids)
        )
    )
    return {row.notice_id: row.application_id for row in rows}


async def agreement_of(tx: Transaction, application_id: UUID) -> Row[Any] | None:
    return await tx.row(
        select(agreement).where(agreement.c.tenant_id == tx.tenant_id, agreement.c.application_id == application_id)
    )


async def agreements_ending(tx: Transaction, first: date, last: date) -> Sequence[Row[Any]]:
    """Agreements whose agreed term ends within these days, the nearest first: application_id, achievement, last day."""
    return await tx.rows(
        select(agreement.c.application_id, agreement.c.term_last_day, achievement.c.name.label("achievement_name"))
        .join(
            application,
            (application.c.tenant_id == agreement.c.tenant_id) & (application.c.id == agreement.c.application_id),
        )
        .join(
            achievement,
            and_(achievement.c.tenant_id == application.c.tenant_id, achievement.c.id == application.c.achievement_id),
        )
        .where(
            agreement.c.tenant_id == tx.tenant_id,
            agreement.c.term_last_day.between(first, last),
            achievement.c.state == "registered",
        )
        .order_by(agreement.c.term_last_day)
        .limit(50)
    )


async def formalities_of(tx: Transaction, application_id: UUID) -> list[Row[Any]]:
    return list(
        await tx.rows(
            select(formality)
            .where(formality.c.tenant_id == tx.tenant_id, formality.c.application_id == application_id)
            .order_by(formality.c.recorded_at)
        )
    )


async def events_of(tx: Transaction, application_id: UUID) -> list[Row[Any]]:
    """What happened to an application, the newest first."""
    return list(
        await tx.rows(
            select(workflow_event)
            .where(
                workflow_event.c.tenant_id == tx.tenant_id,
                workflow_event.c.case_kind == CASE,
                workflow_event.c.case_id == application_id,
            )
            .order_by(workflow_event.c.recorded_at.desc())
        )
    )
