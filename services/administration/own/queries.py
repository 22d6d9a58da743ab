"""What one's own account holds: roles by where they come from, what was lent, sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.administration.permission_words import permission_label, why_not
from shared.clock import local_day
from shared.db.transaction import Transaction
from tenants.permissions import ADMINISTRATORS, ROLES, permissions_of
from tenants.sessions import Session


@dataclass(frozen=True, slots=True)
class PermissionLine:
    """One permission of the audience: held, by which roles or from whom; or why not."""

    code: str
    label: str
    held: bool
    by: str


@dataclass(frozen=True, slots=True)
class LentLine:
    """What one was lent: whose, what, until when, and for which case."""

    lender: UUID
    labels: Sequence[str]
    first_day: date
    last_day: date
    case: UUID | None
    holds: bool


async def own_sessions(tx: Transaction) -> Sequence[Row[Any]]:
    """The person's live sessions, the most recently used first."""
    return await tx.rows(text("select * from app.sessions_of(:person)"), {"person": tx.actor.person_id})


def permission_lines(session: Session, lenders: Mapping[UUID, str]) -> list[PermissionLine]:
    """Every permission of the audience: the held ones first, each with its source; the others with the reason."""
    audience = session.role.removeprefix("web_")
    own = permissions_of(session.roles, audience)
    today = local_day(session.legal_now)
    lent = {
        permission: f"代 {lenders.get(one.lender, '')}，至 {one.last_day}{'，仅限一件申请' if one.case else ''}"
        for one in session.lent
        if one.holds(today, [one.case] if one.case else ())
        for permission in one.permissions
    }
    every = sorted({one for role in ROLES.values() if role.audience == audience for one in role.permissions})
    lines = []
    for code in every:
        if code in own:
            by = "、".join(
                ROLES[role].label for role in session.roles if role in ROLES and code in ROLES[role].permissions
            )
        elif code in lent:
            by = lent[code]
        else:
            by = why_not(code, session.roles, audience)
        lines.append(PermissionLine(code, permission_label(code), code in own or code in lent, by))
    return sorted(lines, key=lambda line: not line.held)


def lent_lines(session: Session) -> list[LentLine]:
    today = local_day(session.legal_now)
    return [
        LentLine(
            one.lender,
            [permission_label(permission) for permission in one.permissions],
            one.first_day,
            one.last_day,
            one.case,
            one.holds(today, [one.case] if one.case else ()),
        )
        for one in session.lent
    ]


def is_administrator(session: Session) -> bool:
    return any(code in ADMINISTRATORS for code in session.roles)
