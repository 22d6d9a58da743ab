"""What was done with many at once: the chosen rows, the batches, what their rows had before, whom a reminder reaches."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from services.ledger.bulk.models import ledger_batch
from services.ledger.claiming.models import person_claim
from services.ledger.models import achievement, achievement_completer, achievement_version
from shared.db.transaction import Transaction
from tenants.people import account, person

SHOWN = 50


async def chosen_rows(tx: Transaction, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The registered achievements among these of the tenant, in the order of their numbers."""
    return await tx.rows(
        select(achievement)
        .where(achievement.c.tenant_id == tx.tenant_id, achievement.c.id.in_(ids), achievement.c.state == "registered")
        .order_by(achievement.c.number)
    )


async def batches(tx: Transaction) -> Sequence[Row[Any]]:
    """The newest changes of many, with ``by``: who did it."""
    table = ledger_batch
    return await tx.rows(
        select(table, person.c.name.label("by"))
        .join(person, (person.c.tenant_id == table.c.tenant_id) & (person.c.id == table.c.person_id))
        .where(table.c.tenant_id == tx.tenant_id)
        .order_by(table.c.done_at.desc(), table.c.id.desc())
        .limit(SHOWN)
    )


async def batch_for_update(tx: Transaction, batch_id: UUID) -> Row[Any] | None:
    """One change of many of the tenant, locked with its rows, in the order in which changes lock them."""
    table = ledger_batch
    row = await tx.row(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == batch_id).with_for_update())
    if row is not None:
        ids = [UUID(one) for one, _ in row.rows]
        own = (achievement.c.tenant_id == tx.tenant_id, achievement.c.id.in_(ids))
        await tx.rows(select(achievement.c.id).where(*own).order_by(achievement.c.id).with_for_update())
    return row


async def touched_codes(tx: Transaction, rows: Sequence[tuple[str, int]]) -> list[str]:
    """The numbers of those of which there is another version by now, in the ledger's order."""
    made = {UUID(one): revision for one, revision in rows}
    table = achievement
    found = await tx.rows(
        select(table.c.id, table.c.code, table.c.revision, table.c.state)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id.in_(list(made)))
        .order_by(table.c.number)
    )
    return [one.code for one in found if (one.revision, one.state) != (made[one.id], "registered")]


async def values_before(
    tx: Transaction, achievement_id: UUID, since: date, names: Sequence[str]
) -> list[tuple[date, dict[str, Any]]]:
    """What the fields of an achievement were before its newest version was recorded: from each day from ``since`` on."""
    table = achievement_version
    own = (table.c.tenant_id == tx.tenant_id, table.c.id == achievement_id)
    newest = (
        select(func.max(func.lower(table.c.recorded))).where(*own, ~func.isempty(table.c.recorded)).scalar_subquery()
    )
    rows = await tx.rows(
        select(func.lower(table.c.held).label("began"), *(table.c[name] for name in names))
        .where(*own, func.upper(table.c.recorded) == newest, ~func.isempty(table.c.recorded))
        .where(table.c.held.op("&&")(func.daterange(since, None)))
        .order_by(func.lower(table.c.held))
    )
    return [(max(row.began, since), {name: getattr(row, name) for name in names}) for row in rows]


async def completers_to_remind(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """By achievement, its completers who have signed in, themselves or as who was confirmed to be the completer."""
    member, claim = achievement_completer, person_claim
    confirmed = (
        (claim.c.tenant_id == member.c.tenant_id)
        & (claim.c.completer_id == member.c.person_id)
        & (claim.c.state == "confirmed")
    )
    who = func.coalesce(claim.c.person_id, member.c.person_id)
    signed_in = select(account.c.person_id).where(account.c.tenant_id == tx.tenant_id)
    rows = await tx.rows(
        select(member.c.achievement_id, func.array_agg(who.distinct()).label("people"))
        .select_from(member.outerjoin(claim, confirmed))
        .where(
            member.c.tenant_id == tx.tenant_id,
            member.c.achievement_id == any_(literal(list(ids), ARRAY(Uuid))),
            who.in_(signed_in),
        )
        .group_by(member.c.achievement_id)
    )
    return {row.achievement_id: sorted(row.people) for row in rows}
