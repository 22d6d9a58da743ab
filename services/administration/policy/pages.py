"""What the pages of rules, versions and proposals are given."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.administration.policy import queries
from services.administration.policy.forms import read_search
from services.administration.reading import matching, readings_with, rules_of
from shared.db.transaction import Transaction
from shared.policy.commands import diff
from shared.policy.comparing import changes_of
from shared.policy.pack import Pack
from shared.policy.words import MODALITIES, QUESTIONS
from shared.ui.page import FormState
from tenants.packs import governing
from tenants.rehearsal import progress_of, result_of

_TURNS = {
    "allowed": "变为可以办理",
    "advised": "变为可以办理，请注意",
    "person_must_decide": "变为须人工认定",
    "refused": "变为不予办理",
    "reasons": "结果相同，理由不同",
    "not_answered": "新版本不能回答",
}
_MODES = {"enforced": "强制", "advisory": "参考"}
_LEGAL = {"draft": "征求意见稿", "trial": "试行", "in_force": "施行", "repealed": "废止"}


async def rules_context(tx: Transaction, query: Mapping[str, str], path: str) -> dict[str, Any]:
    """The rules in force that a search finds, the readings, and which version it is since when and by whom."""
    governed = await governing(tx)
    wanted = read_search(query)
    everything = rules_of(governed.pack)
    found = matching(everything, wanted["q"], wanted["force"], bool(wanted["unseen"]))
    lines = await queries.activations(tx)
    return {
        **version_words(governed.pack, governed.hash),
        "documents": found,
        "found": sum(len(one.clauses) for one in found),
        "total": sum(len(one.clauses) for one in everything),
        "searched": any(wanted.values()),
        "form": FormState(wanted),
        "forces": list(MODALITIES.values()),
        "readings": readings_with(governed.pack.content.readings.values(), wanted["q"]),
        "current": next((one for one in lines if one.version_id == governed.id and one.state == "in_force"), None),
        "coming": sorted(
            (one for one in lines if one.state in ("confirmed", "revoking")), key=lambda one: one.effective_on
        ),
        "path": path,
    }


def version_words(pack: Pack, hash_: str) -> dict[str, Any]:
    """A version's identity as a page names it."""
    return {
        "pack": pack,
        "hash": hash_,
        "mode": _MODES[pack.mode],
        "legal_state": _LEGAL[pack.header.legal_state],
        "banner": pack.banner,
        "governed_by": [
            (one.label, "沿用受理时的版本" if one.governed_by == "pinned" else "依最新版本")
            for one in pack.content.guidelines.values()
        ],
    }


async def comparison(tx: Transaction, version_id: UUID) -> dict[str, Any]:
    """A version beside the one in force: what it is, and what differs clause by clause."""
    other = await governing(tx, version_id)
    present = await governing(tx) if tx.pack_version_id is not None else None
    changes = changes_of(present.pack, other.pack, diff(present.pack, other.pack)) if present else []
    return {
        **version_words(other.pack, other.hash),
        "present": present.pack if present else None,
        "same": present is not None and present.id == other.id,
        "changes": changes,
        "n_changes": sum(len(one.values) for one in changes),
    }


def reads_rehearsals(tx: Transaction) -> bool:
    """Whether the counts of a rehearsal are the viewer's: they are for deciding, which the science department does."""
    return tx.scope.role == "web_science"


async def rehearsal_context(tx: Transaction, activation_id: UUID, path: str) -> dict[str, Any]:
    """How far the rehearsal is, and what it found; without progress for those who do not decide."""
    if not reads_rehearsals(tx):
        return {"progress": None}
    progress = await progress_of(tx, activation_id)
    lines = [
        (
            QUESTIONS.get(one.question, one.question),
            one,
            [(_TURNS.get(to, to), n) for to, n in sorted(one.to.items())],
        )
        for one in await result_of(tx, activation_id)
    ]
    return {
        "progress": progress,
        "lines": lines,
        "decisions": sum(one.decisions for _, one, _ in lines),
        "changed": sum(one.changed for _, one, _ in lines),
        "href": f"{path}/progress",
    }
