"""The verbs of saved views: save, rename, delete. A view is a person's own convenience and decides nothing."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from services.ledger.views import queries
from services.ledger.views.models import NAME_LIMIT, ledger_view
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ids import new_id

CASE = "ledger_view"
SHARE = "institution:ledger:write"
LIMIT = 30


async def save_view(
    tx: Transaction, name: str, query: Mapping[str, str], *, shared: bool, columns: Sequence[str] | None = None
) -> UUID | str:
    """Keep filters, order and columns under a name for the person; the sentence for the form where that cannot be.

    Words that find a person are not kept: personal names stand in one table only. Without the permission nothing is shared.
    """
    wrong = await _name_refused(tx, name)
    if wrong is None and query.get("q") and await queries.names_a_person(tx, query["q"]):
        wrong = "查找词是人名，视图不保存人名；请先取消“查找”条件"
    if wrong is not None:
        return wrong
    view_id = new_id()
    shared = shared and SHARE in tx.actor.permissions
    await tx.execute(
        insert(ledger_view).values(
            tenant_id=tx.tenant_id,
            id=view_id,
            person_id=tx.actor.person_id,
            name=name,
            shared=shared,
            query=dict(query),
            columns=list(columns) if columns else None,
        )
    )
    await write_audit(tx, "ledger_view.save", CASE, view_id, details={"shared": shared, "fields": sorted(query)})
    return view_id


async def change_view(tx: Transaction, view_id: UUID, name: str, *, shared: bool) -> str | None:
    """Give one's own view another name, share it or no longer; the sentence for the form where that cannot be.

    :raises NotFound: no view of this person.
    """
    row = await queries.own_view(tx, view_id, locked=True)
    if row is None:
        raise NotFound
    wrong = await _name_refused(tx, name, view_id)
    if wrong is not None:
        return wrong
    shared = shared and SHARE in tx.actor.permissions
    await tx.execute(
        update(ledger_view)
        .where(ledger_view.c.tenant_id == tx.tenant_id, ledger_view.c.id == view_id)
        .values(name=name, shared=shared)
    )
    details = {"shared": [row.shared, shared], "renamed": row.name != name}
    await write_audit(tx, "ledger_view.change", CASE, view_id, details=details)
    return None


async def delete_view(tx: Transaction, view_id: UUID) -> None:
    """Forget one's own view.

    :raises NotFound: no view of this person.
    """
    if await queries.own_view(tx, view_id, locked=True) is None:
        raise NotFound
    await tx.execute(delete(ledger_view).where(ledger_view.c.tenant_id == tx.tenant_id, ledger_view.c.id == view_id))
    await write_audit(tx, "ledger_view.delete", CASE, view_id)


async def _name_refused(tx: Transaction, name: str, own_id: UUID | None = None) -> str | None:
    own = [row for row in await queries.views_for(tx) if row.own and row.id != own_id]
    if any(row.name == name for row in own):
        return "已有同名视图，请换一个名称"
    return f"最多保存 {LIMIT} 个视图，请先删除不用的" if len(own) >= LIMIT else None


async def hand_on(tx: Transaction, leaver_id: UUID, successor_id: UUID) -> int:
    """Give a successor the saved views of somebody who leaves; one of the same name is told apart. How many there were."""
    mine = ledger_view.c.tenant_id == tx.tenant_id
    named = select(ledger_view.c.name).where(mine, ledger_view.c.person_id == successor_id)
    taken = {row.name for row in await tx.rows(named)}
    rows = await tx.rows(
        select(ledger_view.c.id, ledger_view.c.name).where(mine, ledger_view.c.person_id == leaver_id).with_for_update()
    )
    for row in rows:
        name = next(one for one in _apart(row.name) if one not in taken)
        taken.add(name)
        changed = update(ledger_view).where(mine, ledger_view.c.id == row.id)
        await tx.execute(changed.values(person_id=successor_id, name=name))
    return len(rows)


def _apart(name: str) -> Iterator[str]:
    """The name, then names like it within the limit."""
    yield name
    for number in count(2):
        mark = f"（{number}）"
        yield name[: NAME_LIMIT - len(mark)] + mark
