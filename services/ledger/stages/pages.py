"""What the page of a stage shows: criteria with dates and papers, what is recognised and why, the start of research."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.display import TONES, label_of, record_tabs, shown, words_of
from services.ledger.papers.queries import papers_of
from services.ledger.papers.routes_institution import DOWNLOAD
from services.ledger.papers.rules import SIZE_LIMIT, TYPES
from services.ledger.points import NOW
from services.ledger.queries import entry_from, entry_of, find_achievement
from services.ledger.rules import Vocabulary, stage_of, vocabulary
from services.ledger.stages.forms import CRITERION, START
from services.ledger.stages.rules import papers_by_criterion
from services.ledger.stages.workflow import PURPOSE
from services.ledger.then import Standing
from services.ledger.workflow import MOVES
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.policy.pack import Pack
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.people import names_of

HOME = "/institution/ledger"
TITLE = "成果阶段"
TEMPLATE = "ledger/stages/stage.html"


async def loaded(tx: Transaction, achievement_id: UUID, pack: Pack | None = None) -> tuple[Row[Any], Pack]:
    """The achievement and the pack, by default the one in force.

    :raises NotFound: unknown, another tenant's, quarantined; or a province whose text knows no stages.
    """
    row = await find_achievement(tx, achievement_id)
    pack = pack or (await governing(tx)).pack
    if row is None or row.state == "quarantined" or pack.content.stage is None:
        raise NotFound
    return row, pack


def crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", HOME), Crumb(row.name, f"{HOME}/{row.id}"), Crumb(TITLE)


async def context_of(
    tx: Transaction,
    row: Row[Any],
    pack: Pack,
    forms: Mapping[str, FormState] | None = None,
    *,
    then: Standing | None = None,
) -> dict[str, Any]:
    """Everything of the page; ``forms`` are those that came back, by name: criteria, proof, start, withdraw; ``then`` is
    the record of a past day, and ``pack`` the one that governed on it.
    """
    point, detail = (then.point, then.detail) if then is not None else (NOW, None)
    words, given = vocabulary(pack), forms or {}
    rule = pack.content.stage
    assert rule is not None
    entry = entry_from(row, (), detail.rights) if detail is not None else await entry_of(tx, row)
    answer = stage_of(entry, pack, point.day(tx.today)).answer
    papers = await papers_of(tx, row.id, PURPOSE, point)
    names = await names_of(tx, [one.added_by for one in papers if one.added_by])
    basis = row.research_basis or {}
    return {
        "row": row,
        "words": words,
        "tones": TONES,
        "answer": answer,
        "form": next((one for one in given.values() if one.errors), FormState()),
        "criteria_form": given.get("criteria") or FormState(_criteria(row)),
        "proof_form": given.get("proof") or FormState(),
        "start_form": given.get("start") or FormState(_start(row, basis)),
        "criteria": [_criterion(code, words, row, papers) for code in rule.criteria],
        "criteria_article": pack.citation("stage.criteria"),
        "default_article": pack.citation("stage.default"),
        "signs": "、".join(rule.signs),
        "signs_article": pack.citation("stage.signs") if rule.signs else None,
        "proofs": words.pairs("proof"),
        "proofs_article": pack.citation("stage.evidence"),
        "starts": [
            (f"{START}{code}", item.label, words.label("funding", item.group)) for code, item in rule.starts.items()
        ],
        "starts_article": pack.citation("stage.starts") if rule.starts else None,
        "start_told": (label_of("research_basis"), shown("research_basis", row.research_basis, words)),
        "papers": [_paper(one, words, names) for one in papers],
        "may_write": not point.past
        and any(one.name == "record_stage" for one in MOVES.available(row.state, tx.actor.permissions)),
        "point": point,
        "rules_then": None,
        "may_fetch": DOWNLOAD in tx.actor.permissions,
        "limit": SIZE_LIMIT,
        "types": TYPES,
        "today": tx.today,
        "refusal": None,
        "home": f"{HOME}/{row.id}",
        "tabs": record_tabs(row.id, await words_of(tx), TITLE, point),
        "path": HOME,
    }


def _criteria(row: Row[Any]) -> dict[str, Any]:
    return {f"{CRITERION}{code}": day for code, day in (row.stage_criteria or {}).items()} | {"revision": row.revision}


def _start(row: Row[Any], basis: Mapping[str, Any]) -> dict[str, Any]:
    days = {f"{START}{code}": day for code, day in (basis.get("dates") or {}).items()}
    others = {"chosen": basis.get("chosen"), "chosen_reason": basis.get("reason")}
    return {**days, **others, "funding": row.funding, "revision": row.revision}


def _criterion(code: str, words: Vocabulary, row: Row[Any], papers: Any) -> dict[str, Any]:
    day = (row.stage_criteria or {}).get(code)
    proved = [one.file_name for one in papers_by_criterion(papers, [code])[code]]
    return {
        "code": code,
        "field": f"{CRITERION}{code}",
        "label": words.label("criterion", code),
        "day": date.fromisoformat(day) if day else None,
        "papers": proved,
    }


def _paper(one: Row[Any], words: Vocabulary, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "row": one,
        "kind": words.label("proof", one.kind),
        "subjects": [words.label("criterion", code) for code in one.subjects or ()],
        "by": names.get(one.added_by, "系统"),
    }
