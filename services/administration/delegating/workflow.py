"""The verbs of delegation: lend, end. It ends by itself after its last day. The only writers."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from services.administration.accounts import queries as accounts
from services.administration.accounts.workflow import refresh
from services.administration.delegating import queries, rules
from services.administration.delegating.forms import DelegationForm
from services.administration.delegating.models import delegation
from services.empowerment.queries import find_application
from shared.audit.writing import write_audit
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse, send
from tenants.standing import own_permissions

CASE = "delegation"
OVERSEE = "institution:delegation:oversee"
HOME = "/institution/delegations"


async def lend(tx: Transaction, form: DelegationForm) -> UUID:
    """Lend somebody of the unit permissions of one's own for a period, for every case or for one application.

    :raises FormInvalid: what one may not do oneself, or the delegate does already; both sides of one act; somebody who acted on
        the one case; a period that has begun or never ends; a reason with the delegate's name.
    """
    assert tx.actor.person_id is not None
    errors = await _hindrances(tx, form)
    if errors:
        raise FormInvalid(errors)
    delegation_id = new_id()
    await tx.execute(
        insert(delegation).values(
            tenant_id=tx.tenant_id, id=delegation_id, province_id=tx.province_id, lender_id=tx.actor.person_id,
            delegate_id=form.delegate, permissions=sorted(form.permissions), application_id=form.application,
            first_day=form.first_day, last_day=form.last_day, reason=form.reason, lent_at=tx.now,
        )
    )  # fmt: skip
    await refresh(tx, form.delegate)
    details = {
        "to": str(form.delegate), "permissions": sorted(form.permissions), "first_day": form.first_day,
        "last_day": form.last_day, "application": str(form.application) if form.application else None,
    }  # fmt: skip
    await record_event(tx, CASE, delegation_id, "lent", reason=form.reason, details=details)
    await write_audit(tx, "delegation.lend", CASE, delegation_id, details={**details, "reason": form.reason})
    title = f"您受托代办事项：{form.first_day} 至 {form.last_day}"
    await send(tx, "message", {"to_person": str(form.delegate), "title": title, "href": HOME})
    return delegation_id


async def _hindrances(tx: Transaction, form: DelegationForm) -> dict[str, str]:
    errors: dict[str, str] = {}
    me = tx.actor.person_id
    assert me is not None
    found = await accounts.find_account(tx, form.delegate) if form.delegate != me else None
    if found is None or await accounts.open_departure(tx, form.delegate) is not None:
        return {"delegate": "请选择本单位在用的另一个账号"}
    own, others = await own_permissions(tx, me), await own_permissions(tx, form.delegate)
    wrong = rules.wrong_permissions(form.permissions, own, others, one_case=form.application is not None)
    if wrong:
        errors["permissions"] = wrong
    if form.application is not None:
        if await find_application(tx, form.application) is None:
            errors["application"] = "没有这件赋权申请"
        elif await acted_on(tx, form.delegate, form.application):
            errors["application"] = "受托人经办过这件申请，不能再代他人办理"
    errors |= rules.wrong_days(form.first_day, form.last_day, tx.today)
    if found.name and found.name in form.reason:
        errors["reason"] = "原因中不写受托人的姓名"
    return errors


async def acted_on(tx: Transaction, person_id: UUID, case_id: UUID) -> bool:
    """Whether a person did anything on a case."""
    event = workflow_event.c
    mine = (event.tenant_id == tx.tenant_id, event.case_id == case_id, event.actor_id == person_id)
    return await tx.scalar(select(event.id).where(*mine).limit(1)) is not None


async def end(tx: Transaction, delegation_id: UUID) -> Refusal | None:
    """End a delegation before its last day: the lender, the delegate, or the security administrator.

    :raises NotFound: no such delegation of the unit that concerns the actor.
    """
    row = await queries.find_delegation(tx, delegation_id, locked=True)
    concerned = row is not None and tx.actor.person_id in (row.lender_id, row.delegate_id)
    if row is None or not (concerned or OVERSEE in tx.actor.permissions):
        raise NotFound
    if row.ended_at is not None or row.last_day < tx.today:
        return await refuse(tx, stale("该委托已经结束"), "delegation.end", CASE, delegation_id)
    values: dict[str, Any] = {"ended_at": tx.now, "ended_by": tx.actor.person_id}
    await tx.execute(
        update(delegation)
        .where(delegation.c.tenant_id == tx.tenant_id, delegation.c.id == delegation_id)
        .values(values)
    )
    await refresh(tx, row.delegate_id)
    await record_event(tx, CASE, delegation_id, "ended")
    await write_audit(tx, "delegation.end", CASE, delegation_id)
    for person in {row.lender_id, row.delegate_id} - {tx.actor.person_id}:
        await send(tx, "message", {"to_person": str(person), "title": "一项委托已提前结束", "href": HOME})
    return None
