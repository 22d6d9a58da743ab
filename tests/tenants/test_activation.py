"""Putting a second version in force: what is refused, what is rehearsed before it is confirmed, and what stays as it was."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

from shared.audit.tables import audit_entry
from shared.db.records import outbox
from shared.errors import NotFound, Refusal, Unavailable
from shared.ids import new_id
from shared.policy import evaluate
from shared.policy.sources import PackError, Sources
from shared.workflow import record_decision
from tenants import activation, isolation
from tenants.packs import Reading, governing, pack_activation, pack_version, reading_of
from tenants.rehearsal import pack_rehearsal, progress_of, rehearse, result_of
from tenants.revocation import confirm_revocation, propose_revocation
from tests.tenants.second_version import TWENTY_DAYS, changed, standing_for, store_second
from tests.web import Site
from tests.world import REGION, START, World

TODAY = START.date()
LATER = TODAY + timedelta(days=30)


async def propose(world: World, version: UUID, day: date = LATER, role: str = "science_officer") -> UUID | Refusal:
    async with world.acting(world.science, role, "science") as tx:
        return await activation.propose(tx, version, day)


async def confirm(world: World, proposal: UUID, role: str = "science_head") -> Refusal | None:
    async with world.acting(world.science, role, "science") as tx:
        return await activation.confirm(tx, proposal)


async def rehearse_all(world: World, proposal: UUID) -> None:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(pack_rehearsal.c.tenant_id).where(pack_rehearsal.c.activation_id == proposal)
        )
        tenants = [row.tenant_id for row in rows]
    for tenant in tenants:
        more = True
        while more:
            async with world.working(tenant) as tx:
                more = await rehearse(tx, proposal)


async def decided(world: World, tenant: UUID, n: int, days: int = 15) -> None:
    """Notices of so many days that somebody asked about, each a case of its own."""
    async with world.acting(tenant) as tx:
        governed = await governing(tx)
        for _ in range(n):
            facts: dict[str, Any] = {"kind": "empowerment", "published_on": "2026-03-02", "days": days, "now": tx.now}
            answer = evaluate("notice.period", facts, governed.pack, tx.today)
            await record_decision(
                tx, answer, facts, "notice", new_id(), pack_version_id=governed.id, pack_hash=governed.hash
            )


async def proposed(world: World) -> UUID:
    proposal = await propose(world, await store_second(world))
    assert isinstance(proposal, UUID)
    return proposal


@pytest.mark.parametrize(
    ("changes", "day", "code"),
    [
        ({}, TODAY - timedelta(days=1), "pack.past_day"),
        ({}, date(2026, 3, 20), "pack.not_yet_in_force"),
        ({"effective_from": "effective_to = 2026-04-01\neffective_from"}, LATER, "pack.no_longer_in_force"),
        ({'legal_state = "trial"': 'legal_state = "repealed"'}, LATER, "pack.repealed"),
    ],
)
async def test_a_day_that_cannot_be_is_refused(world: World, changes: dict[str, str], day: date, code: str) -> None:
    header = f"{REGION}/pack.toml"
    files = dict(TWENTY_DAYS)
    for before, after in changes.items():
        files = {
            header: (before, after),
            f"{REGION}/empowerment/review.toml": TWENTY_DAYS[f"{REGION}/empowerment/review.toml"],
        }
    if code == "pack.not_yet_in_force":
        files = {header: ("effective_from = 2025-11-09", "effective_from = 2026-06-01")}
    refused = await propose(world, await store_second(world, files), day)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert str(day) in refused.message or code in ("pack.repealed", "pack.no_longer_in_force")


async def test_a_taken_day_is_refused_until_its_proposal_is_withdrawn(world: World) -> None:
    first = await proposed(world)
    other = await store_second(world, {f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.2"')})
    refused = await propose(world, other)
    assert isinstance(refused, Refusal)
    assert refused.code == "pack.overlap"
    assert "2026.1" in refused.message
    async with world.acting(world.science, "science_head", "science") as tx:
        assert await activation.withdraw(tx, first, "文本有误") is None
    assert isinstance(await propose(world, other), UUID)
    stale = await confirm(world, first)
    assert stale is not None
    assert stale.status == 409


async def test_two_who_propose_for_one_day_at_once_are_one_proposal(world: World) -> None:
    one = await store_second(world)
    other = await store_second(world, {f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.2"')})
    await world.person(world.science, "science_officer")
    results = await asyncio.gather(propose(world, one), propose(world, other))
    assert sorted(isinstance(result, UUID) for result in results) == [False, True]
    refused = next(result for result in results if isinstance(result, Refusal))
    assert refused.code == "pack.overlap"


async def test_another_province_s_version_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        await propose(world, new_id())


async def test_the_operator_does_not_decide_where_a_pack_governs(world: World) -> None:
    version = await store_second(world)
    async with world.acting(world.operator, "operator", "operator") as tx:
        refused = await activation.propose(tx, version, LATER)
    assert isinstance(refused, Refusal)
    assert refused.code == "pack.not_the_province"


async def test_nobody_confirms_the_own_proposal_nor_before_it_is_rehearsed(world: World) -> None:
    proposal = await proposed(world)
    early = await confirm(world, proposal)
    assert early is not None
    assert early.code == "pack.rehearsal_running"
    await rehearse_all(world, proposal)
    own = await confirm(world, proposal, "science_officer")
    assert own is not None
    assert own.code == "pack.same_person"
    async with world.maintenance.connect() as connection:
        refusals = await connection.scalar(
            select(func.count()).where(
                audit_entry.c.tenant_id == world.science,
                audit_entry.c.object_id == proposal,
                audit_entry.c.outcome == "refused",
            )
        )
    assert refusals == 2
    assert await confirm(world, proposal) is None


async def test_a_confirmed_version_governs_from_its_day_on_and_not_a_day_earlier(world: World) -> None:
    proposal = await proposed(world)
    await rehearse_all(world, proposal)
    assert await confirm(world, proposal) is None
    async with world.maintenance.connect() as connection:
        days = await connection.execute(
            select(pack_activation.c.effective_on, pack_activation.c.confirmed_by.is_not(None)).where(
                pack_activation.c.id == proposal
            )
        )
        told = await connection.scalar(
            select(func.count()).where(outbox.c.province_id == world.province_id, outbox.c.kind == "message")
        )
    assert days.all() == [(LATER, True)]
    assert told == 5  # the head that there is something to confirm; four institutions that rules change
    again = await confirm(world, proposal)
    assert again is not None
    assert again.status == 409


@pytest.mark.requirement("R217")
async def test_the_rehearsal_counts_what_would_come_out_differently_and_tells_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.rehearsal.CASES_AT_ONCE", 2)
    await decided(world, world.university, 5)
    await decided(world, world.hospital, 1)
    await decided(world, world.institute, 3, days=20)
    proposal = await proposed(world)
    await rehearse_all(world, proposal)
    async with world.acting(world.science, "science_officer", "science") as tx:
        progress = await progress_of(tx, proposal)
        lines = {line.question: line for line in await result_of(tx, proposal)}
    assert (progress.tenants_done, progress.total, progress.done) == (progress.tenants, 9, 9)
    line = lines["notice.period"]
    assert (line.decisions, line.changed, line.cases, line.tenants) == (9, 9, 9, 3)
    assert line.to == {"refused": 6, "allowed": 3}
    async with world.maintenance.connect() as connection:
        kept = (await connection.execute(select(pack_rehearsal.c.counts))).scalars().all()
    assert {key for counts in kept for question in counts.values() for key in question} == {
        "decisions", "changed", "cases", "to",
    }  # fmt: skip


async def test_rehearsed_under_the_same_rules_nothing_comes_out_differently(world: World) -> None:
    await decided(world, world.university, 3)
    same = await store_second(world, {f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.2"')})
    proposal = await propose(world, same)
    assert isinstance(proposal, UUID)
    await rehearse_all(world, proposal)
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert [(line.decisions, line.changed) for line in await result_of(tx, proposal)] == [(3, 0)]


async def test_a_bad_pack_is_told_at_once_and_changes_nothing(world: World) -> None:
    """A missing citation, a date that does not exist, an unknown code: each with its file and line."""
    bad = changed(
        {
            f"{REGION}/empowerment/review.toml": (
                "[negative_lists.provincial_empowerment]",
                "[duties.x]\nactor = 'unit'\ntext = '?'\n[negative_lists.provincial_empowerment]",
            ),
            f"{REGION}/ledger/scope.toml": ('actor = "unit"', 'actor = "nobody"'),
            f"{REGION}/ledger/reports.toml": ("[", "[guidelines.x]\nfirst_day = 2026-02-30\n["),
        }
    )
    async with world.acting(world.operator, "operator", "operator") as tx:
        before = await tx.scalar(select(func.count()).where(pack_version.c.province_id == world.province_id))
        with pytest.raises(PackError) as caught:
            await activation.load(tx, REGION, bad)
        after = await tx.scalar(select(func.count()).where(pack_version.c.province_id == world.province_id))
        assert (await governing(tx)).id == world.pack_version_id
    assert before == after
    files = {problem.file.rpartition("/")[2] for problem in caught.value.problems}
    assert files >= {"review.toml", "scope.toml", "reports.toml"}
    assert all(problem.line for problem in caught.value.problems)


async def test_a_pack_whose_own_cases_do_not_come_out_is_not_loaded(world: World) -> None:
    async with world.acting(world.operator, "operator", "operator") as tx:
        with pytest.raises(PackError, match=r"cases\.toml:\d+"):
            await activation.load(tx, REGION, changed())


@pytest_asyncio.fixture
async def unreadable(world: World) -> AsyncIterator[UUID]:
    """A version in force after the first one, written by a release that knew a key more than this one does."""
    version = new_id()
    async with world.maintenance.begin() as connection:
        for pack, day in ((world.pack_version_id, "2025-11-09"), (version, "2026-03-01")):
            if pack == version:
                await connection.execute(
                    text(
                        "insert into app.pack_version (id, province_id, region, version, hash, body) "
                        "select :id, province_id, region, '2027.1', :hash, replace(body, 'legal_state', 'state_of_law') "
                        "from app.pack_version where id = :first"
                    ),
                    {"id": version, "hash": "f" * 64, "first": world.pack_version_id},
                )
            await connection.execute(
                text(
                    "insert into app.pack_activation (id, province_id, pack_version_id, effective_on, proposed_by, "
                    "proposed_at, confirmed_by, confirmed_at) values (:id, :province, :pack, :day, :id, now(), :id, now())"
                ),
                {"id": new_id(), "province": world.province_id, "pack": pack, "day": date.fromisoformat(day)},
            )
        await connection.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": world.province_id, "day": date(2026, 3, 1), "version": version},
        )
    yield version


async def test_where_the_version_in_force_cannot_be_read_the_last_good_one_goes_on(
    world: World, unreadable: UUID
) -> None:
    async with world.acting(world.university) as tx:
        tx.pack_version_id = unreadable
        assert (await reading_of(tx)) == Reading("earlier", "2027.1", "2025.1")
        assert (await governing(tx)).id == world.pack_version_id
        assert tx.pack_version_id == world.pack_version_id  # what is done is recorded under the version that decided it
        with pytest.raises(Unavailable, match="不能由本版平台读取"):
            await governing(tx, unreadable)


async def test_where_no_version_can_be_read_nothing_is_decided(world: World, unreadable: UUID) -> None:
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text("delete from app.pack_activation where pack_version_id = :first"), {"first": world.pack_version_id}
        )
    async with world.acting(world.university) as tx:
        tx.pack_version_id = unreadable
        assert (await reading_of(tx)) == Reading("none", "2027.1")
        with pytest.raises(Unavailable, match="不能由本版平台读取"):
            await governing(tx)


async def test_operators_and_the_readiness_are_told(site: Site, world: World, unreadable: UUID) -> None:
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    page = (await operator.get("/operator/")).text
    assert "版本 2027.1 已在施行" in page
    assert "按此前的版本 2025.1 办理" in page
    isolation._provinces = (0.0, {})
    checks = (await site.anonymous().get("/readyz")).json()["checks"]
    assert f"{world.slug}: 2027.1 unreadable, 2025.1 governs" in checks["policy"]
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get("/institution/policy")).status_code == 200


async def test_the_operator_s_home_names_department_and_role_and_no_person(site: Site, world: World) -> None:
    proposal = await proposed(world)
    await rehearse_all(world, proposal)
    assert await confirm(world, proposal) is None
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    page = (await operator.get("/operator/")).text
    assert "测试省科学技术厅（科技主管部门经办人）提议" in page
    assert "测试省科学技术厅（科技主管部门负责人）确认" in page
    assert "测试science" not in page


async def test_a_version_s_name_stands_for_one_content(world: World) -> None:
    """The same name over other files is refused, and what differs is said; under a name of its own it is loaded."""
    later = {f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.1"')}
    untried = Sources({name: text for name, text in changed().texts.items() if not name.endswith("cases.toml")})
    async with standing_for(world), world.acting(world.operator, "operator", "operator") as tx:
        first = await activation.load(tx, REGION, changed(later))
        assert await activation.load(tx, REGION, changed(later)) == first
        with pytest.raises(PackError) as caught:
            await activation.load(tx, REGION, untried)
    told = str(caught.value)
    assert "版本名称 2026.1 已用于" in told
    assert "notices.empowerment.days：15 → 20" in told


async def test_a_pack_of_another_region_is_not_loaded(world: World) -> None:
    async with standing_for(world), world.acting(world.operator, "operator", "operator") as tx:
        with pytest.raises(PackError, match="这是 cn-22 的政策包，本省的地区代号是 cn-53"):
            await activation.load(tx, "cn-22")
        stored = await tx.scalar(select(func.count()).where(pack_version.c.province_id == world.province_id))
    assert stored == 1


async def test_who_proposed_a_revocation_does_not_confirm_it_and_what_is_in_force_is_not_revoked(world: World) -> None:
    proposal = await proposed(world)
    await rehearse_all(world, proposal)
    async with world.acting(world.science, "science_head", "science") as tx:
        early = await propose_revocation(tx, proposal, "文本有误")
    assert early is not None
    assert early.status == 409
    assert await confirm(world, proposal) is None
    async with world.acting(world.science, "science_head", "science") as tx:
        assert await propose_revocation(tx, proposal, "文本有误") is None
    async with world.acting(world.science, "science_head", "science") as tx:
        own = await confirm_revocation(tx, proposal)
    assert own is not None
    assert own.code == "pack.same_person"
    async with world.acting(world.science, "science_officer", "science", at=START + timedelta(days=30)) as tx:
        late = await confirm_revocation(tx, proposal)
    assert late is not None
    assert late.code == "pack.already_in_force"
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert await confirm_revocation(tx, proposal) is None
    async with world.maintenance.connect() as connection:
        acts = await connection.execute(
            select(audit_entry.c.action, audit_entry.c.outcome)
            .where(audit_entry.c.object_id == proposal, audit_entry.c.action.like("%revocation"))
            .order_by(audit_entry.c.position)
        )
        told = await connection.scalar(
            select(func.count()).where(
                outbox.c.province_id == world.province_id, outbox.c.payload["title"].astext.like("%不再启用")
            )
        )
    assert [row.outcome for row in acts] == ["refused", "done", "refused", "refused", "done"]
    assert told == 4
