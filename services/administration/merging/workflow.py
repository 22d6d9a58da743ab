"""The verbs of a merger: an operator proposes, another one confirms; its day carries it out (``carrying.py``)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update

from services.administration.merging import queries
from services.administration.merging.forms import MergerForm
from services.administration.merging.models import STATES, organisation_merger
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ids import new_id
from shared.tasks.broker import ask
from shared.workflow import Move, Moves, move, record_event, refuse
from tenants.registration import AHEAD, registered

CASE = "organisation_merger"
_WRITE = "operator:registry:write"
_PROPOSED = frozenset({"proposed"})
MOVES = Moves(
    CASE,
    organisation_merger,
    STATES,
    (
        Move("confirm", _PROPOSED, "confirmed", "merger_confirmed", _WRITE, "确认并入"),
        Move("withdraw", frozenset({"proposed", "confirmed"}), "withdrawn", "merger_withdrawn", _WRITE, "撤回并入"),
        Move("carry_out", frozenset({"confirmed"}), "done", "merged", _WRITE, "办理并入"),
    ),
)


async def propose(tx: Transaction, source_id: UUID, form: MergerForm) -> UUID:
    """Propose that an institution goes over to another one; what stands in the way is counted soon after.

    :raises NotFound: no such institution in this province.
    :raises FormInvalid: a day or an institution that does not fit.
    """
    source = (await registered(tx, source_id, lock=True)).row
    if source.kind != "institution":
        raise NotFound
    wrong: dict[str, str] = {}
    if str(form.target) not in dict(await queries.institutions(tx, source_id)):
        wrong["target"] = "请选择本省另一个使用中的科研单位"
    elif source.state != "active" or await queries.entangled(tx, [source_id, form.target]):
        wrong["target"] = "两个单位都应在使用中，并且没有其他未了结的并入"
    if not tx.today <= form.since <= tx.today + AHEAD:
        wrong["since"] = f"并入日期须在 {tx.today} 至 {tx.today + AHEAD} 之间"
    if wrong:
        raise FormInvalid(wrong)
    merger_id = new_id()
    assert tx.actor.person_id is not None
    await tx.execute(
        insert(organisation_merger)
        .inline()
        .values(
            id=merger_id, province_id=tx.province_id, source_id=source_id, target_id=form.target, since=form.since,
            document=form.document, state="proposed", proposed_at=tx.now, proposed_by=tx.actor.person_id,
        )
    )  # fmt: skip
    details = {"source": str(source_id), "target": str(form.target), "since": str(form.since)}
    await record_event(tx, CASE, merger_id, "merger_proposed", to_state="proposed", details=details)
    await write_audit(tx, f"{CASE}.propose", CASE, merger_id, details={**details, "document": form.document})
    await _have_examined(tx, merger_id, source_id, source.department_id)
    return merger_id


async def examine_again(tx: Transaction, merger_id: UUID) -> Refusal | None:
    """Have counted anew what goes over and what stands in the way."""
    row = await _loaded(tx, merger_id)
    refused = None if row.state in queries.LIVE else MOVES.refusal("withdraw", row.state)
    if refused is not None:
        return await refuse(tx, refused, f"{CASE}.examine", CASE, merger_id)
    await _change(tx, merger_id, examined_at=None, findings=None)
    await write_audit(tx, f"{CASE}.examine", CASE, merger_id)
    source = (await registered(tx, row.source_id)).row
    await _have_examined(tx, merger_id, row.source_id, source.department_id)
    return None


async def confirm(tx: Transaction, merger_id: UUID) -> Refusal | None:
    """Confirm another operator's proposal, once nothing stands in the way: it is carried out on its day."""
    row = await _loaded(tx, merger_id)
    refused = MOVES.refusal("confirm", row.state) or _not_ready(tx, row)
    refused = refused or await move(
        tx, MOVES, merger_id, "confirm", row.state,
        changes={"confirmed_by": tx.actor.person_id, "confirmed_at": tx.now},
    )  # fmt: skip
    return None if refused is None else await refuse(tx, refused, f"{CASE}.confirm", CASE, merger_id)


def _not_ready(tx: Transaction, row: Row[Any]) -> Refusal | None:
    if tx.actor.person_id is None or row.proposed_by == tx.actor.person_id:
        return Refusal("merger.same_person", "提议人不能确认自己的提议：机构并入须由两人办理", kind="permission")
    if row.findings is None:
        return Refusal("merger.not_examined", "还在核对有哪些未了结的事项，请稍候刷新页面", kind="state")
    return standing_in_the_way(row.findings["stands"])


def standing_in_the_way(stands: list[Any]) -> Refusal | None:
    """The refusal that names everything that must be finished first; None where there is nothing."""
    if not stands:
        return None
    told = "；".join(f"{words}（{n}）" for _, words, n in stands)
    return Refusal(
        f"merger.open.{stands[0][0]}", f"有未了结的事项，不能办理并入：{told}", kind="state",
        inputs={code: n for code, _, n in stands},
    )  # fmt: skip


async def withdraw(tx: Transaction, merger_id: UUID, reason: str) -> Refusal | None:
    """Take a merger back that has not been carried out."""
    row = await _loaded(tx, merger_id)
    refused = await move(tx, MOVES, merger_id, "withdraw", row.state, reason=reason, changes={"reason": reason})
    return None if refused is None else await refuse(tx, refused, f"{CASE}.withdraw", CASE, merger_id)


async def examine(tx: Transaction, merger_id: UUID) -> None:
    """Count, as the worker of the institution that goes over; only numbers leave its tenant."""
    row = await queries.find_merger(tx, merger_id)
    if row is not None and row.state in queries.LIVE and row.source_id == tx.tenant_id:
        found = await queries.findings(tx, max(row.since, tx.today))
        await _change(tx, merger_id, examined_at=tx.now, findings=found)


async def _have_examined(tx: Transaction, merger_id: UUID, source_id: UUID, department_id: UUID) -> None:
    await ask(tx, "examine_merger", tenant=str(source_id), merger=str(merger_id))


async def _loaded(tx: Transaction, merger_id: UUID) -> Row[Any]:
    row = await queries.find_merger(tx, merger_id, for_update=True)
    if row is None:
        raise NotFound
    return row


async def _change(tx: Transaction, merger_id: UUID, **values: Any) -> None:
    table = organisation_merger
    await tx.execute(
        update(table).where(table.c.province_id == tx.province_id, table.c.id == merger_id).values(**values)
    )
