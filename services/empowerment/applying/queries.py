"""For which achievements an application may be entered, and by whom."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from services.empowerment.models import LIVE, State, application
from services.empowerment.queries import handles
from services.ledger.claiming.queries import is_own
from services.ledger.models import achievement, achievement_completer
from shared.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered achievement for which an application may be entered. ``own``: the actor completed it."""

    id: UUID
    name: str
    code: str
    type: str
    status: str
    team_size: int
    own: bool


_CANDIDATE = (
    achievement.c.id,
    achievement.c.name,
    achievement.c.code,
    achievement.c.type,
    achievement.c.status,
    achievement.c.team_size,
)


def _own(tx: Transaction) -> ColumnElement[bool]:
    """The actor is one of the achievement's completers."""
    return exists().where(
        achievement_completer.c.tenant_id == achievement.c.tenant_id,
        achievement_completer.c.achievement_id == achievement.c.id,
        is_own(tx, achievement_completer.c.person_id),
    )


async def candidates(tx: Transaction, words: str = "", limit: int = 50) -> list[Candidate]:
    """Registered achievements without a live application: the actor's own, or all, the own first, for those who handle
    applications; ``words`` are sought in the name."""
    own = _own(tx)
    taken = exists().where(
        application.c.tenant_id == achievement.c.tenant_id,
        application.c.achievement_id == achievement.c.id,
        application.c.state.in_([*LIVE, State.AGREED]),
    )
    statement = select(*_CANDIDATE, own.label("own")).where(
        achievement.c.tenant_id == tx.tenant_id, achievement.c.state == "registered", ~taken
    )
    if not handles(tx):
        statement = statement.where(own)
    if words:
        pattern = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(or_(achievement.c.name.like(f"%{pattern}%"), achievement.c.code == words.upper()))
    rows = await tx.rows(statement.order_by(own.desc(), achievement.c.number.desc()).limit(limit))
    return [Candidate(row.id, row.name, row.code, row.type, row.status, row.team_size, row.own) for row in rows]


async def candidate(tx: Transaction, achievement_id: UUID) -> Candidate | None:
    """One registered achievement of the tenant."""
    row = await tx.row(
        select(*_CANDIDATE, _own(tx).label("own")).where(
            achievement.c.tenant_id == tx.tenant_id,
            achievement.c.id == achievement_id,
            achievement.c.state == "registered",
        )
    )
    return None if row is None else Candidate(row.id, row.name, row.code, row.type, row.status, row.team_size, row.own)
