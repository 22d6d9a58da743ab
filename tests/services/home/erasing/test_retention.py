"""The periods of retention reach what nobody finished too."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.home.erasing.commands import carry_out_all
from services.ledger.importing import workflow
from shared.audit.tables import audit_entry
from shared.documents.uploads import Upload
from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from tests.services.home.erasing.test_wiping import kept, keyring, objects
from tests.services.ledger.importing.arranging import checked, counted, ledger, state_of, workbook
from tests.world import World

__all__ = ["keyring", "objects"]
UNKNOWN = ("东西叫什么", "谁做的", "哪一类", "号", "现在怎样", "怎么办的", "多少钱")


async def aged(world: World, imports: Sequence[UUID], days: int) -> None:
    uploaded = "update app.ledger_import set created_at = now() - make_interval(days => :days) where id = any(:imports)"
    async with world.maintenance.begin() as connection:
        await connection.execute(text(uploaded), {"days": days, "imports": list(imports)})


@pytest.mark.requirement("R200")
async def test_an_import_that_was_never_confirmed_is_cancelled_and_its_copy_goes(
    world: World, objects: ObjectStore, keyring: Keyring
) -> None:
    tenant = world.university
    read = await checked(world, tenant, objects, ledger(2))
    rows = [["被搁置的一项", "甘棠", "非专利技术", "", "未转化", "", ""]]
    async with world.acting(tenant) as tx:
        unnamed = await workflow.receive(tx, objects, Upload("清单.xlsx", workbook(rows, UNKNOWN)), by_hand=True)
    assert isinstance(unnamed, UUID), unnamed
    left = (read, unnamed)
    await aged(world, left, 364)
    await carry_out_all(world.maintenance, objects, keyring)  # what is due in other units of this database goes first
    assert await carry_out_all(world.maintenance, objects, keyring) == (0, 0)
    assert [(await state_of(world, tenant, one)).state for one in left] == ["checked", "mapping"]
    assert "第1号示例工艺" in kept(objects, tenant)
    await aged(world, left, 366)
    assert await carry_out_all(world.maintenance, objects, keyring) == (0, 2)
    for one in left:
        row = await state_of(world, tenant, one)
        assert (row.state, row.kept_hash, row.decided_by) == ("cancelled", "", None)
        assert await counted(world, "select count(*) from app.ledger_import_row where import_id = :id", id=one) == 0
    told = kept(objects, tenant)
    assert "第1号示例工艺" not in told
    assert "被搁置的一项" not in told
    async with world.working(tenant) as tx:
        audited = await tx.rows(
            select(audit_entry.c.object_id).where(
                audit_entry.c.tenant_id == tenant, audit_entry.c.action == "ledger_import.cancel"
            )
        )
    assert {row.object_id for row in audited} == set(left)
    assert await carry_out_all(world.maintenance, objects, keyring) == (0, 0)
