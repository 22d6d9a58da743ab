"""What a completer reads about what is theirs: achievements, applications, agreements, contracts and their part of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.empowerment import queries as empowerment
from services.empowerment.models import State, agreement, application
from services.ledger.claiming.queries import is_own
from services.ledger.models import achievement, achievement_completer, conversion_record
from shared.db.transaction import Transaction

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Work:
    """One achievement of the person. ``share`` is theirs in the team, as the ledger has it; ``contracts`` its conversions."""

    row: Row[Any]
    share: Fraction | None
    applications: Sequence[empowerment.Application]
    agreements: Mapping[UUID, Row[Any]]
    contracts: Sequence[Row[Any]]

    @property
    def amount(self) -> Decimal | None:
        """The sum of the contracts in yuan; None where none states an amount."""
        stated = [one.amount for one in self.contracts if one.amount is not None]
        return sum(stated, Decimal(0)) if stated else None


async def works(tx: Transaction) -> list[Work]:
    """The registered achievements that name the person, or a completer whom they were confirmed to be; newest first."""
    team = achievement_completer
    rows = await tx.rows(
        select(achievement, team.c.share_numerator, team.c.share_denominator)
        .join(team, (team.c.tenant_id == achievement.c.tenant_id) & (team.c.achievement_id == achievement.c.id))
        .where(
            achievement.c.tenant_id == tx.tenant_id,
            team.c.tenant_id == tx.tenant_id,
            achievement.c.state == "registered",
            is_own(tx, team.c.person_id),
        )
        .order_by(achievement.c.number.desc())
        .limit(LIMIT)
    )
    ids = [row.id for row in rows]
    applications = await _applications(tx, ids)
    agreements = await _agreements(tx, ids)
    contracts = await _contracts(tx, ids)
    return [
        Work(
            row,
            Fraction(row.share_numerator, row.share_denominator) if row.share_denominator else None,
            [one for one in applications if one.achievement_id == row.id],
            agreements,
            contracts.get(row.id, []),
        )
        for row in rows
    ]


async def _applications(tx: Transaction, achievements: Sequence[UUID]) -> list[empowerment.Application]:
    table = application
    rows = await tx.rows(
        select(table.c.id)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id.in_(achievements))
        .order_by(table.c.created_at)
    )
    found = [await empowerment.find_application(tx, row.id) for row in rows]
    return [
        one for one in found if one is not None and (one.state != State.DRAFT or one.applicant_id == tx.actor.person_id)
    ]


async def _agreements(tx: Transaction, achievements: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """By application."""
    rows = await tx.rows(
        select(agreement)
        .join(
            application,
            (application.c.tenant_id == agreement.c.tenant_id) & (application.c.id == agreement.c.application_id),
        )
        .where(agreement.c.tenant_id == tx.tenant_id, application.c.achievement_id.in_(achievements))
    )
    return {row.application_id: row for row in rows}


async def _contracts(tx: Transaction, achievements: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    table = conversion_record
    rows = await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id.in_(achievements), table.c.live)
        .order_by(table.c.achievement_id, table.c.position)
    )
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.achievement_id, []).append(row)
    return found
