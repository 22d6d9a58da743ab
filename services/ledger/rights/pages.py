"""What the page of an achievement's rights shows: their days, the end of their term, what is left of it, the next fee."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.display import record_tabs, words_of
from services.ledger.entry import Right
from services.ledger.points import NOW
from services.ledger.queries import find_achievement, rights_of
from services.ledger.rights import rules
from services.ledger.rules import Vocabulary
from services.ledger.then import Standing
from services.ledger.workflow import MOVES
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.policy.pack import Pack
from shared.ui.page import Crumb, FormState
from tenants.packs import governing

HOME = "/institution/ledger"
TITLE = "权利和年费"
TEMPLATE = "ledger/rights/rights.html"
TONES = {"granted": "green", "applied": "blue", "lapsed": "secondary", "transferred": "orange"}


async def loaded(tx: Transaction, achievement_id: UUID) -> tuple[Row[Any], Pack]:
    """The achievement and the pack in force.

    :raises NotFound: unknown, another tenant's, quarantined.
    """
    row = await find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row, (await governing(tx)).pack


def crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", HOME), Crumb(row.name, f"{HOME}/{row.id}"), Crumb(TITLE)


async def context_of(
    tx: Transaction,
    row: Row[Any],
    pack: Pack,
    forms: Mapping[str, FormState] | None = None,
    edited: str = "",
    *,
    then: Standing | None = None,
) -> dict[str, Any]:
    """Everything of the page; ``edited`` is the number of the right whose form is open, ``forms`` those that came back,
    ``then`` the record of a past day, whose terms and fees are counted as of that day.
    """
    words, given = await words_of(tx), forms or {}
    point, detail = (then.point, then.detail) if then is not None else (NOW, None)
    rights = detail.rights if detail is not None else await rights_of(tx, row.id)
    on = point.day(tx.today)
    chosen = next((one for one in rights if one.number == edited), None)
    return {
        "row": row,
        "words": words,
        "states": rules.STATES,
        "rights": [_shown(one, words, pack, on) for one in rights],
        "form": next((one for one in given.values() if one.errors), FormState()),
        "right_form": given.get("right") or FormState(_typed(row, chosen, tx.today)),
        "fee_form": given.get("fee") or FormState({"paid_on": tx.today}),
        "chosen": chosen,
        "terms": [(code, term.label) for code, term in pack.content.protection_terms.items()],
        "may_write": not point.past
        and any(one.name == "correct" for one in MOVES.available(row.state, tx.actor.permissions)),
        "point": point,
        "today": tx.today,
        "on": on,
        "refusal": None,
        "home": f"{HOME}/{row.id}",
        "tabs": record_tabs(row.id, words, TITLE, point),
        "path": HOME,
    }


def _typed(row: Row[Any], chosen: Right | None, today: date) -> dict[str, Any]:
    stated = chosen.values() if chosen is not None else {"kind": row.type, "status": "granted"}
    return {**stated, "since": today, "replaces": chosen.number if chosen else "", "revision": row.revision}


def _shown(right: Right, words: Vocabulary, pack: Pack, today: date) -> dict[str, Any]:
    term, fee = rules.term_of(right, pack, today), rules.next_fee(right, pack, today)
    code = rules.term_code(right, pack)
    end = term.answer.values["protection_end"] if term is not None else right.expires_on
    return {
        "right": right,
        "kind": words.label("type", right.kind),
        "state": rules.STATES.get(right.status, right.status),
        "tone": TONES.get(right.status, "secondary"),
        "term_label": pack.content.protection_terms[code].label if code else "",
        "ends_on": end,
        "remaining": (end - today).days if end is not None and right.status in rules.IN_FORCE else None,
        "term_cite": pack.citation(f"protection_terms.{code}.years") if code else None,
        "fee": fee,
        "fee_cite": pack.citation(f"deadlines.{rules.ANNUAL_FEE}") if fee is not None else None,
        "patent": rules.is_patent(right.kind, pack),
    }
