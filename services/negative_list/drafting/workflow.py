"""Drafting the next version of a list: items added, worded anew, ended, restored; each act is an event with its audit row."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update

from services.negative_list import rules
from services.negative_list.models import STATES, ListState, Mark, list_item, list_version
from services.negative_list.queries import latest_published
from services.negative_list.rules import Draft, DraftItem
from services.negative_list.workflow import KIND, locked
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.policy.answer import as_json
from shared.workflow import record_event, refuse
from tenants.packs import governing

EDITABLE = frozenset({ListState.DRAFT, ListState.CONSULTED})


async def draft_version(tx: Transaction, rule: str, title: str, prefix: str = "") -> UUID | Refusal:
    """Begin the next version of a list: what the newest published one lists, unchanged. Returns its id.

    ``rule`` is the pack's entry under ``negative_lists``; ``prefix`` begins the codes of a first version.
    """
    current = await governing(tx)
    known = current.pack.content.negative_lists.get(rule)
    if known is None or known.owner != "province" or not known.published:
        raise NotFound
    kind = kind_of(rule)
    # One draft of a kind at a time: the second person is told of the first one's.
    lock = {"kind": f"list/{tx.province_id}/{kind}"}
    await tx.execute(text("select pg_advisory_xact_lock(hashtextextended(:kind, 0))"), lock)
    previous = await latest_published(tx, kind)
    draft = rules.draft_after(previous, prefix)
    version_id = new_id()
    if not draft.prefix:
        return await refuse(tx, rules.no_prefix(rule), f"{KIND}.draft", KIND, version_id)
    if await _open_draft(tx, kind) is not None:
        open_one = stale("已有一个尚未发布的版本，请在其基础上修改", *rules.articles_of(rule), list=rule)
        return await refuse(tx, open_one, f"{KIND}.draft", KIND, version_id)
    number = previous.number + 1 if previous else 1
    await tx.execute(
        insert(list_version)
        .inline()
        .values(
            id=version_id,
            province_id=tx.province_id,
            kind=kind,
            rule=rule,
            owner=known.owner,
            purpose=known.purpose,
            number=number,
            title=title,
            state=ListState.DRAFT,
            basis=as_json(current.pack.citation(f"negative_lists.{rule}")),
            draft=draft.as_json(),
            drafted_at=tx.now,
        )
    )
    details = {"kind": kind, "number": number}
    await record_event(tx, KIND, version_id, "drafted", to_state=ListState.DRAFT, details=details)
    await write_audit(tx, f"{KIND}.draft", KIND, version_id, details=details)
    return version_id


def kind_of(rule: str) -> str:
    """The word in public addresses: ``provincial_empowerment`` is ``empowerment``."""
    return rule.removeprefix("provincial_").replace("_", "-")


async def _open_draft(tx: Transaction, kind: str) -> UUID | None:
    found: UUID | None = await tx.scalar(
        select(list_version.c.id).where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.published_at.is_(None),
        )
    )
    return found


async def add_item(tx: Transaction, version_id: UUID, category: str, title: str, note: str) -> str | Refusal:
    """Add an item to a draft; returns its code, which is permanent from publication on."""
    row = await locked(tx, version_id)
    pack = (await governing(tx)).pack
    if category not in pack.content.screening_categories:
        raise NotFound
    draft = Draft.of(row.draft)
    published = await tx.rows(
        select(list_item.c.code).where(list_item.c.province_id == tx.province_id, list_item.c.kind == row.kind)
    )
    code = rules.next_code(draft.prefix, [one.code for one in published] + [item.code for item in draft.items])
    added = DraftItem(code, category, title, note, Mark.NEW)
    return await _edit(tx, row, draft.with_item(added), "item_added", added) or code


async def revise_item(tx: Transaction, version_id: UUID, code: str, title: str, note: str) -> Refusal | None:
    """Word an item anew; its code and category stay. What the version before says stays readable there."""
    row = await locked(tx, version_id)
    draft = Draft.of(row.draft)
    item = _item(draft, code)
    revised = DraftItem(code, item.category, title, note, Mark.NEW if item.mark == Mark.NEW else Mark.REVISED)
    return await _edit(tx, row, draft.with_item(revised), "item_revised", revised, before=item)


async def end_item(tx: Transaction, version_id: UUID, code: str, note: str) -> Refusal | None:
    """End an item with this version: it is former from the day on which the version takes effect (rule 58).

    An item that only this draft has is taken out, since nobody was ever bound by it.
    """
    row = await locked(tx, version_id)
    draft = Draft.of(row.draft)
    item = _item(draft, code)
    if item.mark == Mark.NEW:
        return await _edit(tx, row, draft.without(code), "item_withdrawn", item)
    ended = DraftItem(code, item.category, item.title, note, Mark.ENDED)
    return await _edit(tx, row, draft.with_item(ended), "item_ended", ended, before=item)


async def restore_item(tx: Transaction, version_id: UUID, code: str) -> Refusal | None:
    """Undo a draft's change of an item: as the version before words it."""
    row = await locked(tx, version_id)
    draft = Draft.of(row.draft)
    item = _item(draft, code)
    previous = await latest_published(tx, row.kind)
    known = next((e for e in previous.items if e.code == code), None) if previous else None
    if known is None:
        raise NotFound
    kept = DraftItem(code, known.category, known.title, known.note, Mark.KEPT)
    return await _edit(tx, row, draft.with_item(kept), "item_restored", kept, before=item)


def _item(draft: Draft, code: str) -> DraftItem:
    found = draft.item(code)
    if found is None:
        raise NotFound
    return found


async def _edit(
    tx: Transaction, row: Row[Any], draft: Draft, event: str, item: DraftItem, *, before: DraftItem | None = None
) -> Refusal | None:
    if row.state not in EDITABLE:
        frozen = stale(
            f"当前状态为“{STATES[row.state]}”，条目不能修改",
            *rules.articles_of(row.rule, "needs_consultation"),
            state=STATES[row.state],
        )
        return await refuse(tx, frozen, f"{KIND}.{event}", KIND, row.id)
    await tx.execute(
        update(list_version)
        .where(list_version.c.province_id == tx.province_id, list_version.c.id == row.id)
        .values(draft=draft.as_json(), changed_at=func.clock_timestamp())
    )
    details = {"code": item.code, "before": as_json(before), "after": as_json(item)}
    await record_event(tx, KIND, row.id, event, details=details)
    await write_audit(tx, f"{KIND}.{event}", KIND, row.id, details=details)
    return None
