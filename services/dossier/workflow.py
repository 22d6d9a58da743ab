"""Taking a case out as one file. Nothing of the case changes; that it was taken out is logged under the case."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import Row

from services.dossier import queries
from services.dossier.packing import Tree, checkpoint_lines, entry_lines, pack
from services.dossier.summary import README, summary
from shared.audit.writing import write_audit
from shared.db.serialising import canonical_json
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.keys.keyring import Keyring
from shared.workflow import decision_text, refuse
from tenants.registry import own_organisation

EXPORT = "institution:dossier:export"
_ACTION = "dossier.export"


async def make_dossier(tx: Transaction, case: queries.Case, keyring: Keyring) -> bytes | Refusal:
    """The case's decision file (决策卷宗), signed; refused while a row of its log waits to be sealed, which takes seconds."""
    entries, waiting = await queries.sealed_entries(tx, case)
    if waiting or not entries:
        waits = Refusal(
            code="dossier.unsealed",
            message="该事项最近的操作日志还没有封存，卷宗暂不能生成；封存通常只需几秒，请稍后再试",
            kind="state",
        )
        return await refuse(tx, waits, _ACTION, case.kind, case.id)
    tree = Tree(entries[0].number, await queries.seals_from(tx, entries[0].number))
    decisions, events = await queries.decisions_of(tx, case), await queries.events_of(tx, case)
    people = await queries.people_of(tx, [*decisions, *events])
    head = await _head(tx, case)
    files = {
        "README.txt": README.encode(),
        "summary.txt": summary(head, decisions, events, people).encode(),
        "events.json": canonical_json(queries.plain(events)),
        "people.json": canonical_json({str(one): name for one, name in people.items()}),
        "audit/entries.jsonl": entry_lines(entries, tree),
        "audit/checkpoints.jsonl": checkpoint_lines(await queries.checkpoints_over(tx, entries), tree),
        **{f"case/{name}.json": canonical_json(rows) for name, rows in (await queries.contents_of(tx, case)).items()},
        **await _decided(tx, decisions),
    }
    made = pack(files, head, tree, keyring)
    details = {"decisions_count": len(decisions), "bytes": len(made), "personal": ["办理人员"]}
    await write_audit(tx, _ACTION, case.kind, case.id, outcome="read", details=details)
    return made


async def _head(tx: Transaction, case: queries.Case) -> Mapping[str, Any]:
    own: Any = await own_organisation(tx)
    return {
        "tenant_id": str(tx.tenant_id),
        "tenant": own.name,
        "case": {"kind": case.kind, "id": str(case.id), "label": case.label, "title": case.title},
        "made_at": (await tx.recorded_now()).astimezone(UTC).isoformat(),
        "as_of": tx.now.isoformat(),
    }


async def _decided(tx: Transaction, decisions: Sequence[Row[Any]]) -> dict[str, bytes]:
    packs, lists = await queries.packs_of(tx, decisions), await queries.lists_of(tx, decisions)
    return {
        **{f"decisions/{one.id}.json": decision_text(dict(one._mapping)) for one in decisions},
        **{f"packs/{hashed}.json": text for hashed, text in packs.items()},
        **{f"lists/{hashed}.json": text for hashed, text in lists.items()},
    }
