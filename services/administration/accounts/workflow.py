"""The verbs of accounts: assign roles, leave with everything handed on, return. The only writers."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update

from services.administration.accounts import holdings, queries, rules
from services.administration.accounts.models import departure
from services.administration.delegating import queries as delegations
from services.administration.delegating.models import delegation
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from shared.ids import new_id
from shared.workflow import record_event, send
from tenants.people import forget_roles
from tenants.permissions import labels_of
from tenants.standing import Standing, granted_roles, put_standing, role_grant

CASE = "account"
_MINE = "/institution/settings/permissions"


async def refresh(tx: Transaction, person_id: UUID) -> None:
    """Have the person's next request go by what stands now, and that of everybody to whom the person has lent something."""
    lent = await delegations.live_of(tx, delegation.c.lender_id, person_id)
    people = sorted({person_id, *(row.delegate_id for row in lent)})
    await queries.lock_people(tx, people)
    for one in people:
        closed = await queries.open_departure(tx, one) is not None
        held = () if closed else await delegations.lent_to(tx, one)
        await put_standing(tx, one, Standing(await granted_roles(tx, one), held, closed))


async def assign_roles(tx: Transaction, person_id: UUID, wanted: Collection[str], reason: str) -> None:
    """Let these be the roles that the unit grants a person; those of the identity provider stay as they are.

    :raises NotFound: nobody who signs in here.
    :raises FormInvalid: the person themself, roles that one person may not hold together, a reason that names the person.
    """
    row = await _signing_in(tx, person_id)
    provided, before = await queries.roles_of(tx, person_id)
    wrong = rules.wrong_roles(tx.actor.person_id, person_id, wanted, provided)
    gone = await queries.open_departure(tx, person_id)
    if wrong or gone is not None:
        raise FormInvalid({"roles": wrong or "账号已停用，恢复后才能分配角色"})
    _refuse_name(row, reason)
    if set(before) == set(wanted):
        raise FormInvalid({"roles": "角色没有变化"})
    await _end_grants(tx, person_id, set(before) - set(wanted), reason)
    for code in (code for code in rules.assignable() if code in set(wanted) - set(before)):
        await tx.execute(
            insert(role_grant).values(
                tenant_id=tx.tenant_id, id=new_id(), province_id=tx.province_id, person_id=person_id, role=code,
                reason=reason, granted_at=tx.now, granted_by=tx.actor.person_id,
            )
        )  # fmt: skip
    await refresh(tx, person_id)
    after = [code for code in rules.assignable() if code in wanted]
    details = {"changes": {"roles": [list(before), after]}}
    await record_event(tx, CASE, person_id, "roles_assigned", reason=reason, details=details)
    await write_audit(tx, "account.assign_roles", CASE, person_id, details={**details, "reason": reason})
    title = f"您的角色有变化：{'、'.join(labels_of(after)) or '本单位没有另外授予角色'}"
    await send(tx, "message", {"to_person": str(person_id), "title": title, "href": _MINE})


async def _end_grants(tx: Transaction, person_id: UUID, codes: Collection[str], reason: str) -> None:
    mine = (role_grant.c.tenant_id == tx.tenant_id, role_grant.c.person_id == person_id)
    await tx.execute(
        update(role_grant)
        .where(*mine, role_grant.c.role.in_(sorted(codes)), role_grant.c.ended_at.is_(None))
        .values(ended_at=tx.now, ended_by=tx.actor.person_id, end_reason=reason)
    )


async def leave(tx: Transaction, person_id: UUID, successor_id: UUID | None, last_day: date, reason: str) -> None:
    """Close an account at once, end its sessions, roles and delegations, and hand on to the successor what it held.

    :raises NotFound: nobody who signs in here.
    :raises FormInvalid: the person themself, left already, a successor missing or leaving, a later day, a reason with the name.
    """
    row = await _signing_in(tx, person_id)
    held = await holdings.held_by(tx, person_id)
    errors = await _hindrances(tx, person_id, successor_id, last_day, needed=any(one.handed for one in held))
    if errors:
        raise FormInvalid(errors)
    _refuse_name(row, reason)
    handed = await holdings.hand_on(tx, person_id, successor_id) if successor_id else {}
    granted = await granted_roles(tx, person_id)
    await _end_grants(tx, person_id, granted, reason)
    await forget_roles(tx, person_id)
    ended = await _end_delegations(tx, person_id)
    values: dict[str, Any] = {**handed, "roles": len(granted), "delegations": len(ended)}
    departure_id = new_id()
    await tx.execute(
        insert(departure).values(
            tenant_id=tx.tenant_id, id=departure_id, province_id=tx.province_id, person_id=person_id,
            successor_id=successor_id, last_day=last_day, reason=reason, handed=values, left_at=tx.now,
            left_by=tx.actor.person_id,
        )
    )  # fmt: skip
    for one in {person_id, *ended}:
        await refresh(tx, one)
    details = {"successor": str(successor_id) if successor_id else None, "last_day": last_day, **values}
    await record_event(tx, CASE, person_id, "left", reason=reason, details=details)
    await write_audit(tx, "account.leave", CASE, person_id, details={**details, "reason": reason})
    if successor_id is not None and any(handed.values()):
        title = "有离任人员的事项交接给您，请查看"
        await send(tx, "message", {"to_person": str(successor_id), "title": title, "href": "/institution/todo"})


async def _hindrances(
    tx: Transaction, person_id: UUID, successor_id: UUID | None, last_day: date, *, needed: bool
) -> dict[str, str]:
    errors: dict[str, str] = {}
    if person_id == tx.actor.person_id:
        errors[""] = "本人的账号应由另一位系统管理员停用"
    elif await queries.open_departure(tx, person_id) is not None:
        errors[""] = "该账号已经停用"
    if successor_id is None and needed:
        errors["successor"] = "该人员名下还有事项，请选择交接给谁"
    elif successor_id is not None:
        found = successor_id != person_id and await queries.find_account(tx, successor_id) is not None
        if not found or await queries.open_departure(tx, successor_id) is not None:
            errors["successor"] = "请选择本单位在用的另一个账号"
    if last_day > tx.today:
        errors["last_day"] = "停用立即生效，离任日期不能晚于今天"
    return errors


async def _end_delegations(tx: Transaction, person_id: UUID) -> list[UUID]:
    """End what the person lent and was lent; returns the delegates."""
    rows = [
        *await delegations.live_of(tx, delegation.c.lender_id, person_id),
        *await delegations.live_of(tx, delegation.c.delegate_id, person_id),
    ]
    await tx.execute(
        update(delegation)
        .where(delegation.c.tenant_id == tx.tenant_id, delegation.c.id.in_([row.id for row in rows]))
        .values(ended_at=tx.now, ended_by=tx.actor.person_id)
    )
    return [row.delegate_id for row in rows]


async def come_back(tx: Transaction, person_id: UUID) -> None:
    """Open a closed account again, without any role of the unit: those are assigned anew.

    :raises NotFound: no closed account of this person.
    """
    await _signing_in(tx, person_id)
    gone = await queries.open_departure(tx, person_id)
    if gone is None:
        raise NotFound
    await tx.execute(
        update(departure)
        .where(departure.c.tenant_id == tx.tenant_id, departure.c.id == gone.id)
        .values(returned_at=tx.now, returned_by=tx.actor.person_id)
    )
    await refresh(tx, person_id)
    await record_event(tx, CASE, person_id, "returned")
    await write_audit(tx, "account.come_back", CASE, person_id)


async def _signing_in(tx: Transaction, person_id: UUID) -> Row[Any]:
    row = await queries.find_account(tx, person_id, locked=True)
    if row is None:
        raise NotFound
    return row


def _refuse_name(row: Row[Any], reason: str) -> None:
    if row.name and row.name in reason:
        raise FormInvalid({"reason": "理由中不写该人员的姓名"})
