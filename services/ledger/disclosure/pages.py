"""What the pages of disclosures show, today and as of a past day."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.disclosure import forms, queries, rules, then, workflow
from services.ledger.disclosure.display import ONLY_IF_ASKED, SHOWN, TONES, exact, told
from services.ledger.disclosure.models import DISCLOSURE_STATES
from services.ledger.display import words_of
from services.ledger.evidence import queries as evidence
from services.ledger.points import NOW, Point
from services.ledger.rules import vocabulary
from shared.db.transaction import Transaction
from shared.ui.links import with_query
from shared.ui.page import FormState
from tenants.pack_days import governing_on
from tenants.packs import governing
from tenants.people import names_of

HOME = "/institution/disclosures"


def list_context(rows: Sequence[Row[Any]], tab: str, point: Point, behind: UUID | None) -> dict[str, Any]:
    """One page of the list; ``rows`` hold one more than it where there is more."""
    size, kept = queries.PAGE_SIZE, point.as_query()
    older = with_query(HOME, kept, tab=tab, behind=rows[size - 1].id) if len(rows) > size else None
    return {
        "rows": rows[:size],
        "states": DISCLOSURE_STATES,
        "tones": TONES,
        "newest": with_query(HOME, kept, tab=tab) if behind else None,
        "older": older,
        "links": [with_query(f"{HOME}/{row.id}", kept) for row in rows[:size]],
        "tab": tab,
        "point": point,
        "path": HOME,
    }


def _labels(asked: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(field of the form, its name) of everything that a disclosure may say, as the pack asks for it."""
    shown = [(name, asked[name]["label"] if name in asked else label) for name, label in SHOWN]
    return shown + [(forms.MORE + code, one["label"]) for code, one in rules.further(asked).items()]


def _entries(values: Mapping[str, str], asked: Mapping[str, Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (name, label, values[name], asked.get(name.removeprefix(forms.MORE)))
        for name, label in _labels(asked)
        if values[name] or name not in ONLY_IF_ASKED or name in asked
    ]


async def context_of(tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    """One disclosure as it stands, with what may be done."""
    words = await words_of(tx)
    pack = (await governing(tx)).pack
    asked = rules.fields_of(await queries.unit_kind_of(tx), row.funding, pack, tx.today)
    team = await queries.members_of(tx, row.id)
    now = rules.said(row._asdict(), [(str(one.person_id), exact(one)) for one in team])
    names = await names_of(tx, rules.people_said(row.returned_as) + [one.person_id for one in team])
    values = told(now, rules.further(asked), words, names)
    before = told(row.returned_as, rules.further(asked), words, names) if row.returned_as else values
    own = row.person_id == tx.actor.person_id
    moves = workflow.MOVES.available(row.state, tx.actor.permissions)
    return {
        "disclosure": row,
        "entries": _entries(values, asked),
        **await evidence.shown(tx, row.id, words),
        "state": DISCLOSURE_STATES[row.state],
        "tone": TONES[row.state],
        "moves": {one.name: one for one in moves if own or one.permission != queries.WRITE},
        "returns": await queries.returns_of(tx, row.id),
        "before": {name: before[name] for name in values if before[name] != values[name]},
        "labels": dict(_labels(asked)),
        "form": FormState(),
        "refusal": None,
        "point": NOW,
        "today": tx.today,
        "here": f"{HOME}/{row.id}",
    }


async def context_then(tx: Transaction, disclosure_id: UUID, point: Point) -> dict[str, Any]:
    """One disclosure at a point, by the rules of that day; ``disclosure`` is None where it had not been begun, ``entries``
    is empty where what it said then is not kept.
    """
    row = await then.disclosure_then(tx, disclosure_id, point)
    context = {"disclosure": row, "point": point, "today": tx.today, "here": f"{HOME}/{disclosure_id}"}
    if row is None:
        return context
    rules_then = await governing_on(tx, point.as_of)
    words = vocabulary(rules_then.pack)
    asked = rules.fields_of(await queries.unit_kind_of(tx), row.funding, rules_then.pack, point.day(tx.today))
    entries = []
    if row.said is not None:
        names = await names_of(tx, rules.people_said(row.said))
        entries = _entries(told(row.said, rules.further(asked), words, names), asked)
    returns = await then.returns_then(tx, await queries.returns_of(tx, row.id), row.id, point)
    return {
        **context,
        "entries": entries,
        **await evidence.shown(tx, row.id, words, point),
        "state": DISCLOSURE_STATES[row.state],
        "tone": TONES[row.state],
        "returns": returns,
        "labels": dict(_labels(asked)),
        "rules_then": rules_then,
    }
