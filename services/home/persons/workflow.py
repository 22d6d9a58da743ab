"""Erasure of a person's values: what is left is a tombstone, a hash and a reason, and every id that rows and proofs stand on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update

from services.home.erasing.workflow import order
from services.home.persons import queries
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Forbidden, FormInvalid, NotFound, Refusal, stale
from shared.policy import evaluate
from shared.workflow import record_decision, record_event, refuse
from tenants.packs import governing
from tenants.people import person, salted_hash

CASE = "person"


async def erase(tx: Transaction, person_id: UUID, reason: str, spared: Sequence[str] = ()) -> Refusal | None:
    """Empty name, unit, mail address and salt of a person and end their sessions; nothing that was decided changes.

    The event and the audit row keep the salted hash of the name: with the salt gone nobody can guess the name from it. The
    account stays, so that a later sign-in does not bring the name back. Where free text or a kept copy may say the name, an
    order is written that has it masked there, ``spared`` places excepted. Not undone.

    :raises NotFound: no such person of this institution.
    :raises Forbidden: one's own values.
    :raises FormInvalid: the reason says the name.
    """
    row = await queries.person_for_update(tx, person_id)
    if row is None:
        raise NotFound
    if person_id == tx.actor.person_id:
        raise Forbidden("本人的信息应由其他负责人核实后删除")
    refused = await _hindrance(tx, row)
    if refused is not None:
        return await refuse(tx, refused, "person.erase", CASE, person_id)
    if row.name and row.name in reason:
        raise FormInvalid({"reason": "理由中不能写该人的姓名"})
    digest = salted_hash(bytes(row.salt), row.name or "")
    for reference in await queries.session_references(tx, person_id):
        await tx.scalar(
            text("select app.end_session_of(:person, :reference)"), {"person": person_id, "reference": reference}
        )
    await tx.execute(
        update(person)
        .where(person.c.tenant_id == tx.tenant_id, person.c.id == person_id)
        .values(name=None, unit=None, email=None, salt=b"", erased_at=tx.now)
    )
    if row.name and (await queries.mentions(tx, row.name) or await queries.outside(tx)):
        await order(tx, "person", CASE, person_id, reason, [row.name], spared)
    tombstone = {"name_hash": digest}
    await record_event(tx, CASE, person_id, "erased", to_state="erased", reason=reason, details=tombstone)
    await write_audit(tx, "person.erase", CASE, person_id, details={**tombstone, "reason": reason})
    return None


async def _hindrance(tx: Transaction, row: Row[Any]) -> Refusal | None:
    if row.erased_at is not None:
        return stale("该人的信息已经删除")
    governed = await governing(tx)
    facts = {
        "posted": bool(row.name) and await queries.posted(tx, row.name),
        "open_case": await queries.in_open_cases(tx, row.id),
    }
    answer = evaluate("person.may_erase", facts, governed.pack, tx.today)
    await record_decision(tx, answer, facts, CASE, row.id, pack_version_id=governed.id, pack_hash=governed.hash)
    return Refusal.of(answer)
