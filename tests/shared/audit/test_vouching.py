"""The audit chain covers what was decided: the act's row names the decision's hash, refused or not."""

from hashlib import sha256

from sqlalchemy import select

from shared.audit.tables import audit_entry
from shared.db.records import decision
from shared.workflow import decision_text
from tests.services.empowerment.arranging import announced, prepare, sign
from tests.world import World


async def test_every_decision_is_named_with_its_hash_by_the_row_of_its_act(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    refused = await sign(world, ready.tenant, application_id, "2026-03-10")
    assert refused is not None
    async with world.acting(ready.tenant, "discipline") as tx:
        decisions = await tx.rows(select(decision).where(decision.c.tenant_id == ready.tenant))
        entries = await tx.rows(select(audit_entry).where(audit_entry.c.tenant_id == ready.tenant))
    named = {name: told for one in entries for name, told in ((one.details or {}).get("decisions") or {}).items()}
    assert named == {str(row.id): sha256(decision_text(dict(row._mapping))).hexdigest() for row in decisions}
    assert {row.verdict for row in decisions} >= {"allowed", "refused"}
    stopped = [one for one in entries if one.outcome == "refused"]
    assert [set(one.details["decisions"]) & named.keys() for one in stopped] != [set()]
