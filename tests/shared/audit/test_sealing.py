"""The audit chain: sealed afterwards, the same however often and by however many, and no change goes unnoticed."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, text, update

from shared.audit.sealing import seal
from shared.audit.tables import audit_checkpoint, audit_entry, audit_head, audit_seal
from shared.audit.verification import ChainReport, verify_chain
from shared.audit.writing import write_audit
from shared.keys.keyring import Keyring
from tests.world import World


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("audit-keys"))


async def act(world: World, times: int, tenant: UUID | None = None) -> None:
    for number in range(times):
        async with world.acting(tenant or world.university) as tx:
            await write_audit(tx, "test.acted", "test", None, details={"number": number, "before": None, "名称": "甲"})


async def sealed(world: World, keyring: Keyring, *, sweep: bool = False) -> int:
    async with world.working(world.university) as tx:
        return await seal(tx, keyring, sweep=sweep)


async def verified(world: World, keyring: Keyring) -> ChainReport:
    async with world.acting(world.university, "discipline") as tx:
        return await verify_chain(tx, keyring)


async def test_entries_are_chained_in_order_of_arrival(world: World, keyring: Keyring) -> None:
    await act(world, 3)
    assert await sealed(world, keyring) == 3
    async with world.acting(world.university, "discipline") as tx:
        rows = await tx.rows(
            select(audit_seal.c.number, audit_entry.c.details["number"].astext.label("n"))
            .join(
                audit_entry,
                (audit_entry.c.tenant_id == audit_seal.c.tenant_id) & (audit_entry.c.id == audit_seal.c.entry_id),
            )
            .where(audit_seal.c.tenant_id == world.university)
            .order_by(audit_seal.c.number)
        )
    assert [(row.number, row.n) for row in rows] == [(1, "0"), (2, "1"), (3, "2")]
    report = await verified(world, keyring)
    assert report.holds
    assert (report.sealed, report.waiting) == (3, 0)


async def test_sealing_twice_changes_nothing(world: World, keyring: Keyring) -> None:
    await act(world, 2)
    await sealed(world, keyring)
    async with world.maintenance.connect() as connection:
        before = (await connection.execute(select(audit_head).where(audit_head.c.tenant_id == world.university))).one()
    assert await sealed(world, keyring) == 0
    async with world.maintenance.connect() as connection:
        after = (await connection.execute(select(audit_head).where(audit_head.c.tenant_id == world.university))).one()
    assert before == after


async def test_two_sealers_at_once_make_one_chain(world: World, keyring: Keyring) -> None:
    await act(world, 20)
    counts = await asyncio.gather(*(sealed(world, keyring) for _ in range(4)))
    assert sum(counts) == 20
    report = await verified(world, keyring)
    assert report.holds
    assert report.sealed == 20


async def test_an_entry_that_commits_late_is_still_sealed(world: World, keyring: Keyring) -> None:
    async with world.acting(world.university) as slow:
        await write_audit(slow, "test.slow", "test", None)
        await act(world, 2)
        assert await sealed(world, keyring) == 2
    assert await sealed(world, keyring) == 1
    assert (await verified(world, keyring)).holds


async def test_a_changed_entry_is_found(world: World, keyring: Keyring) -> None:
    await act(world, 3)
    await sealed(world, keyring)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(audit_entry)
            .where(audit_entry.c.tenant_id == world.university, audit_entry.c.details["number"].astext == "1")
            .values(action="test.embellished")
        )
    report = await verified(world, keyring)
    assert [(fault.number, "被改动" in fault.message) for fault in report.faults] == [(2, True)]


async def test_a_forged_seal_over_a_changed_entry_breaks_the_next_link(world: World, keyring: Keyring) -> None:
    await act(world, 3)
    await sealed(world, keyring)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(audit_seal)
            .where(audit_seal.c.tenant_id == world.university, audit_seal.c.number == 2)
            .values(hash=b"x" * 32)
        )
    report = await verified(world, keyring)
    assert {fault.number for fault in report.faults} == {2, 3}


async def test_a_cut_tail_is_found_by_the_head_and_by_the_signed_checkpoint(world: World, keyring: Keyring) -> None:
    await act(world, 3)
    await sealed(world, keyring, sweep=True)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            delete(audit_seal).where(audit_seal.c.tenant_id == world.university, audit_seal.c.number == 3)
        )
    report = await verified(world, keyring)
    assert any("链头" in fault.message for fault in report.faults)
    assert any("截去" in fault.message for fault in report.faults)


async def test_the_daily_sweep_signs_a_checkpoint_once(world: World, keyring: Keyring) -> None:
    await act(world, 2)
    await sealed(world, keyring)
    assert (await verified(world, keyring)).checkpoints == 0
    await sealed(world, keyring, sweep=True)
    await sealed(world, keyring, sweep=True)
    report = await verified(world, keyring)
    assert (report.holds, report.checkpoints) == (True, 1)


async def test_a_checkpoint_signed_by_nobody_known_is_found(world: World, keyring: Keyring, tmp_path: Path) -> None:
    await act(world, 1)
    await sealed(world, Keyring.create(tmp_path / "other"), sweep=True)
    report = await verified(world, keyring)
    assert any("签名无效" in fault.message for fault in report.faults)


async def test_an_old_key_still_verifies_what_it_signed(world: World, tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "rotating")
    await act(world, 1)
    await sealed(world, ring, sweep=True)
    ring.rotate("audit")
    await act(world, 1)
    await sealed(world, ring, sweep=True)
    report = await verified(world, Keyring(tmp_path / "rotating"))
    assert (report.holds, report.checkpoints) == (True, 2)


async def test_entries_left_unsealed_for_long_are_reported(world: World, keyring: Keyring) -> None:
    await act(world, 1)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(audit_entry)
            .where(audit_entry.c.tenant_id == world.university)
            .values(at=text("clock_timestamp() - interval '11 minutes'"))
        )
    report = await verified(world, keyring)
    assert report.waiting == 1
    assert any("没有封存" in fault.message for fault in report.faults)


async def failing(world: World) -> None:
    try:
        async with world.acting(world.university) as tx:
            await write_audit(tx, "test.acted", "test", None)
            raise RuntimeError
    except RuntimeError:
        pass


async def test_every_act_asks_for_sealing_in_its_own_transaction(world: World) -> None:
    async def asked() -> int:
        async with world.maintenance.connect() as connection:
            return int(
                await connection.scalar(
                    text(
                        "select count(*) from app.task_queue where message->>'actor_name' = 'seal_audit' "
                        "and message->'kwargs'->>'tenant' = :tenant"
                    ),
                    {"tenant": str(world.university)},
                )
                or 0
            )

    assert await asked() == 0
    await failing(world)
    assert await asked() == 0
    async with world.acting(world.university) as tx:
        await write_audit(tx, "test.acted", "test", None)
        await write_audit(tx, "test.acted", "test", None)
    assert await asked() == 1


async def test_nobody_who_serves_may_change_the_log(world: World) -> None:
    async with world.maintenance.connect() as connection:
        held = (
            await connection.execute(
                text(
                    "select grantee, privilege_type, table_name from information_schema.role_table_grants "
                    "where table_schema = 'app' and table_name in ('audit_entry', 'audit_seal', 'audit_checkpoint') "
                    "and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') and grantee not in ('owner', 'maintenance', 'postgres')"
                )
            )
        ).all()
    assert held == []
    async with world.acting(world.institute) as tx:
        assert await tx.scalar(select(func.count()).select_from(audit_checkpoint)) == 0
