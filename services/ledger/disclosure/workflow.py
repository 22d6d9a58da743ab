"""The verbs of disclosure: begin, save, submit, return, register, withdraw. The only writers."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from services.ledger import rules as ledger_rules
from services.ledger import workflow as ledger
from services.ledger.disclosure import queries, rules
from services.ledger.disclosure.models import (
    DISCLOSURE_STATES,
    disclosure,
    disclosure_completer,
    disclosure_return,
    disclosure_statement,
)
from services.ledger.entry import Completer, Entry, Right, right_number
from services.ledger.rules import Decided
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.policy.answer import Answer
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import Governing, governing
from tenants.people import new_salt, person

CASE = "disclosure"
OPEN = frozenset({"draft", "returned"})
MOVES = Moves(
    CASE,
    disclosure,
    DISCLOSURE_STATES,
    (
        Move("submit", OPEN, "submitted", "submitted", queries.WRITE, "提交"),
        Move(
            "withdraw", frozenset({"draft", "submitted", "returned"}), "withdrawn", "withdrawn", queries.WRITE, "撤回"
        ),
        Move("return", frozenset({"submitted"}), "returned", "returned", queries.VERIFY, "退回修改"),
        Move("register", frozenset({"submitted"}), "registered", "registered", queries.VERIFY, "核实并登记"),
    ),
    articles=("steps.disclosure", "fields.disclosure"),
)
NOT_CONVERTED = "not_converted"


async def ask_gate(tx: Transaction, classified: str | None, key_technology: str | None) -> tuple[Answer, Governing]:
    """The first question. Whatever it answers, nothing is written here: a classified achievement leaves no trace."""
    governed = await governing(tx)
    return ledger_rules.secret_gate(classified, key_technology, governed.pack, tx.today), governed


async def begin(tx: Transaction, gate: Answer, governed: Governing, answers: Mapping[str, str]) -> UUID:
    """Open a draft once the gate allowed it; the answers to the gate are kept as the first decision."""
    assert tx.actor.person_id is not None
    disclosure_id = new_id()
    await tx.execute(
        insert(disclosure).values(
            tenant_id=tx.tenant_id,
            id=disclosure_id,
            province_id=tx.province_id,
            person_id=tx.actor.person_id,
            pack_version_id=governed.id,
        )
    )
    await tx.execute(
        insert(disclosure_completer).values(
            tenant_id=tx.tenant_id, disclosure_id=disclosure_id, position=1, person_id=tx.actor.person_id
        )
    )
    await _decide(tx, governed, [Decided(gate, answers)], disclosure_id)
    await record_event(tx, CASE, disclosure_id, "begun", to_state="draft")
    await write_audit(tx, "disclosure.begin", CASE, disclosure_id)
    return disclosure_id


async def save(
    tx: Transaction, disclosure_id: UUID, columns: Mapping[str, Any], team: Sequence[tuple[str, Fraction | None]] | None
) -> Refusal | None:
    """Keep what is being typed in an open disclosure of one's own; ``team`` None leaves the team as it is."""
    row = await _own(tx, disclosure_id)
    if row.state not in OPEN:
        closed = stale("该披露已经提交，不能再修改；请刷新页面", *MOVES.articles, state=MOVES.states[row.state])
        return await refuse(tx, closed, "disclosure.save", CASE, disclosure_id)
    await _store(tx, row, columns, team)
    await write_audit(tx, "disclosure.save", CASE, disclosure_id)
    return None


async def submit(
    tx: Transaction, disclosure_id: UUID, columns: Mapping[str, Any], team: Sequence[tuple[str, Fraction | None]]
) -> Refusal | None:
    """Hand a disclosure to the responsible department; refused while the pack's fields or evidence are missing."""
    row = await _own(tx, disclosure_id)
    governed = await governing(tx)
    values = {**columns, "team": [name for name, _ in team]}
    decided = rules.may_submit(values, await queries.unit_kind_of(tx), governed.pack, tx.today)
    await _decide(tx, governed, decided, disclosure_id)
    refusal = MOVES.refusal("submit", row.state) or next(
        (found for one in decided if (found := Refusal.of(one.answer))), None
    )
    if refusal is not None:
        return await refuse(tx, refusal, "disclosure.submit", CASE, disclosure_id)
    await _store(tx, row, columns, team)
    changes = {"submitted_at": tx.now, "pack_version_id": governed.id}
    stopped = await move(tx, MOVES, disclosure_id, "submit", row.state, changes=changes)
    if stopped is not None:
        return await refuse(tx, stopped, "disclosure.submit", CASE, disclosure_id)
    await _keep_version(tx, disclosure_id)
    await _tell(tx, disclosure_id, {"to_permission": queries.VERIFY, "title": "有新的成果披露待核实"})
    return None


async def return_for_correction(tx: Transaction, disclosure_id: UUID, reasons: Mapping[str, str]) -> Refusal | None:
    """Give a disclosure back with reasons by field; the empty field is the disclosure as a whole."""
    row = await _loaded(tx, disclosure_id)
    changes = {"returned_as": rules.said(row._asdict(), await queries.shares_of(tx, disclosure_id))}
    told = {"fields": sorted(reasons)}
    stopped = await move(tx, MOVES, disclosure_id, "return", row.state, changes=changes, details=told)
    if stopped is not None:
        return await refuse(tx, stopped, "disclosure.return", CASE, disclosure_id)
    round_ = await queries.last_round(tx, disclosure_id) + 1
    await tx.execute(
        insert(disclosure_return),
        [
            {
                "tenant_id": tx.tenant_id,
                "disclosure_id": disclosure_id,
                "round": round_,
                "field": field,
                "reason": reason,
                "actor_id": tx.actor.person_id,
                "at": tx.now,
            }
            for field, reason in reasons.items()
        ],
    )
    await _tell(tx, disclosure_id, {"to_person": str(row.person_id), "title": "您的成果披露被退回，请修改"})
    return None


async def register(tx: Transaction, disclosure_id: UUID) -> UUID | Refusal:
    """Verify a disclosure and enter it into the ledger with the next number; returns the achievement's id.

    Refused: what a submission needs is no longer there under the pack in force, and what ``ledger.register`` refuses.
    """
    row = await _loaded(tx, disclosure_id)
    stopped = MOVES.refusal("register", row.state)
    if stopped is not None:
        return await refuse(tx, stopped, "disclosure.register", CASE, disclosure_id)
    governed, kind = await governing(tx), await queries.unit_kind_of(tx)
    team = await queries.members_of(tx, disclosure_id)
    decided = rules.may_submit({**row._mapping, "team": [one.name for one in team]}, kind, governed.pack, tx.today)
    await _decide(tx, governed, decided, disclosure_id)
    refusal = next((found for one in decided if (found := Refusal.of(one.answer))), None)
    if refusal is not None:
        return await refuse(tx, refusal, "disclosure.register", CASE, disclosure_id)
    asked = rules.fields_of(kind, row.funding, governed.pack, tx.today)
    entry = _entry(row, team, asked)
    registered = await ledger.register(tx, entry, held_from=tx.today, source="disclosed")
    if isinstance(registered, Refusal):
        return registered
    changes = {"achievement_id": registered, "verified_at": tx.now, "verified_by": tx.actor.person_id}
    stopped = await move(tx, MOVES, disclosure_id, "register", row.state, changes=changes)
    assert stopped is None, "the row is locked"
    await _tell(tx, disclosure_id, {"to_person": str(row.person_id), "title": "您披露的成果已登记入台账"})
    return registered


async def withdraw(tx: Transaction, disclosure_id: UUID) -> Refusal | None:
    """Take one's own disclosure back before it is registered."""
    row = await _own(tx, disclosure_id)
    stopped = await move(tx, MOVES, disclosure_id, "withdraw", row.state)
    if stopped is not None:
        return await refuse(tx, stopped, "disclosure.withdraw", CASE, disclosure_id)
    await _keep_version(tx, disclosure_id)
    return None


def _entry(row: Row[Any], team: Sequence[queries.DisclosedMember], asked: Mapping[str, Mapping[str, Any]]) -> Entry:
    # What only this province asks for stands in the ledger under the name that it has there.
    named = {asked[code]["label"] if code in asked else code: words for code, words in (row.more or {}).items()}
    rights: tuple[Right, ...] = ()
    if row.right_number:
        rights = (
            Right(right_number(row.right_number), row.type or "", raw=row.right_number, granted_on=row.obtained_on),
        )
    return Entry(
        name=row.name or "",
        type=row.type or "",
        status=NOT_CONVERTED,
        team=tuple(Completer(person_id=one.person_id, share=one.share) for one in team),
        rights=rights,
        obtained_on=row.obtained_on,
        obtained_precision="day" if row.obtained_on else None,
        stage_declared=row.stage,
        funding=row.funding,
        technical_field=row.technical_field,
        form=row.form,
        market_prospect=row.market_prospect,
        college=row.college,
        remark=row.remark,
        extra=named,
    )


async def _keep_version(tx: Transaction, disclosure_id: UUID) -> None:
    """Keep what a disclosure says from now on; what is typed in between is nobody's word yet, and no day's."""
    row = await _loaded(tx, disclosure_id)
    said = rules.said(row._asdict(), await queries.shares_of(tx, disclosure_id))
    number = await queries.last_version(tx, disclosure_id) + 1
    key = {"tenant_id": tx.tenant_id, "disclosure_id": disclosure_id, "number": number}
    await tx.execute(insert(disclosure_statement).values(**key, said=said, at=tx.now))


async def empty_versions(tx: Transaction, disclosure_id: UUID) -> None:
    """Leave nothing of what a disclosure that is wiped ever said but when it said something."""
    table = disclosure_statement
    await tx.execute(
        update(table).where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id).values(said=None)
    )


async def _loaded(tx: Transaction, disclosure_id: UUID) -> Row[Any]:
    row = await queries.find_disclosure(tx, disclosure_id, for_update=True)
    if row is None:
        raise NotFound
    return row


async def _own(tx: Transaction, disclosure_id: UUID) -> Row[Any]:
    """A disclosure of the person himself; anybody else's is as if it did not exist."""
    row = await _loaded(tx, disclosure_id)
    if row.person_id != tx.actor.person_id:
        raise NotFound
    return row


async def _store(
    tx: Transaction, row: Row[Any], columns: Mapping[str, Any], team: Sequence[tuple[str, Fraction | None]] | None
) -> None:
    await tx.execute(
        update(disclosure)
        .where(disclosure.c.tenant_id == tx.tenant_id, disclosure.c.id == row.id)
        .values(**columns, saved_at=await tx.recorded_now(), revision=disclosure.c.revision + 1)
    )
    if team is not None:
        await _store_team(tx, row, team)


async def _store_team(tx: Transaction, row: Row[Any], team: Sequence[tuple[str, Fraction | None]]) -> None:
    """Replace the team. A name that nobody has is a new person; while the form is typed, that person is renamed, not multiplied.

    Whom the disclosure named when it came back keeps that name: what it said then is still told.
    """
    disclosure_id = row.id
    before = await queries.members_of(tx, disclosure_id)
    kept = rules.people_said(row.returned_as)
    made = [one.person_id for one in before if one.made_here and one.person_id not in kept]
    known = await _known(tx, [name for name, _ in team], made)
    await tx.execute(
        delete(disclosure_completer).where(
            disclosure_completer.c.tenant_id == tx.tenant_id, disclosure_completer.c.disclosure_id == disclosure_id
        )
    )
    for position, (name, share) in enumerate(team, 1):
        person_id = known.get(name)
        made_here = person_id is None
        if person_id is None:
            person_id = await _named(tx, name, made.pop(0) if made else None)
        await tx.execute(
            insert(disclosure_completer).values(
                tenant_id=tx.tenant_id,
                disclosure_id=disclosure_id,
                position=position,
                person_id=person_id,
                made_here=made_here,
                share_numerator=share.numerator if share is not None else None,
                share_denominator=share.denominator if share is not None else None,
            )
        )
    if made:
        await tx.execute(
            update(person).where(person.c.tenant_id == tx.tenant_id, person.c.id.in_(made)).values(name=None)
        )


async def _known(tx: Transaction, names: Sequence[str], made: Sequence[UUID]) -> dict[str, UUID]:
    """People of the tenant by name; oneself first, then whoever was there first."""
    rows = await tx.rows(
        select(person.c.id, person.c.name)
        .where(
            person.c.tenant_id == tx.tenant_id,
            person.c.name.in_(names),
            person.c.erased_at.is_(None),
            person.c.id.not_in(made),
        )
        .order_by((person.c.id == tx.actor.person_id).desc(), person.c.created_at)
    )
    found: dict[str, UUID] = {}
    for row in rows:
        found.setdefault(row.name, row.id)
    return found


async def _named(tx: Transaction, name: str, reused: UUID | None) -> UUID:
    if reused is not None:
        await tx.execute(
            update(person).where(person.c.tenant_id == tx.tenant_id, person.c.id == reused).values(name=name)
        )
        return reused
    person_id = new_id()
    await tx.execute(
        insert(person).values(
            tenant_id=tx.tenant_id, id=person_id, province_id=tx.province_id, name=name, salt=new_salt()
        )
    )
    return person_id


async def _decide(tx: Transaction, governed: Governing, decided: Sequence[Decided], disclosure_id: UUID) -> None:
    for one in decided:
        await record_decision(
            tx, one.answer, one.facts, CASE, disclosure_id, pack_version_id=governed.id, pack_hash=governed.hash
        )


async def _tell(tx: Transaction, disclosure_id: UUID, message: Mapping[str, str]) -> None:
    await send(tx, "message", {**message, "href": f"/institution/disclosures/{disclosure_id}"})


async def hand_on(tx: Transaction, leaver_id: UUID, successor_id: UUID) -> int:
    """Have a successor go on with what somebody who leaves has disclosed and not finished; how many there were."""
    mine = (disclosure.c.tenant_id == tx.tenant_id, disclosure.c.person_id == leaver_id)
    open_ = (*OPEN, "submitted")
    rows = await tx.rows(select(disclosure.c.id).where(*mine, disclosure.c.state.in_(open_)).with_for_update())
    for row in rows:
        await tx.execute(
            update(disclosure)
            .where(disclosure.c.tenant_id == tx.tenant_id, disclosure.c.id == row.id)
            .values(person_id=successor_id)
        )
        await record_event(tx, CASE, row.id, "handed_on", details={"from": str(leaver_id), "to": str(successor_id)})
    return len(rows)
