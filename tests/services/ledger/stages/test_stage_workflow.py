"""The stage on a real database: recognised from criteria and papers, versioned with its day, taken back with its proof."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from services.ledger import queries
from services.ledger.papers.workflow import Paper
from services.ledger.stages import workflow
from services.ledger.workflow import correct, revoke
from shared.audit.tables import audit_entry
from shared.db.records import decision, workflow_event
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.test_workflow import recounted, registered
from tests.world import World

DAYS = {
    "feasible": date(2026, 3, 3),
    "intended_use": date(2026, 3, 4),
    "benefit": date(2026, 3, 5),
    "resources": date(2026, 3, 8),
    "measurable": date(2026, 3, 10),
}
REPORT = Upload("技术评估报告.pdf", b"%PDF-1.7 report")
SAID = Paper("stage", "assessment_report", ("feasible", "benefit"), "评字〔2026〕3号", date(2026, 3, 9))


@dataclass
class Kept:
    """An object store in memory: what bytes become is the papers' own affair, and tested with their pages."""

    objects: dict[str, bytes] = field(default_factory=dict)

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.objects[digest] = content
        return digest


@pytest.fixture
def store() -> Kept:
    return Kept()


async def stage_on(tx: Transaction, row_id: UUID, day: date | None = None) -> tuple[str, date | None]:
    detail = await queries.achievement_detail(tx, row_id, as_of=day)
    assert detail is not None
    return detail.row.stage_recognised, detail.row.stage_since


@pytest.mark.requirement("R065", "R067", "R068", "R069")
async def test_development_is_recognised_from_the_latest_of_five_days_once_there_is_a_paper(
    world: World, store: Kept
) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, stage_declared="development")
        four = dict(list(DAYS.items())[:4])
        await workflow.record_criteria(tx, row_id, four, reason="学术委员会认定")
    async with world.acting(world.university) as tx:
        await workflow.add_proof(tx, store, row_id, REPORT, SAID)
        assert await stage_on(tx, row_id) == ("research", None), "four of five with a paper is research"
    async with world.acting(world.university) as tx:
        await workflow.record_criteria(tx, row_id, DAYS, reason="补充第五项")
    async with world.acting(world.university) as tx:
        assert await stage_on(tx, row_id) == ("development", date(2026, 3, 10))
        assert await stage_on(tx, row_id, date(2026, 3, 9)) == ("research", None)
        assert (await stage_on(tx, row_id, date(2026, 3, 10)))[0] == "development"
        assert await recounted(tx)
        detail = await queries.achievement_detail(tx, row_id)
        assert detail is not None
        assert detail.row.stage_declared == "development"
        events = await tx.rows(select(workflow_event.c.event).where(workflow_event.c.case_id == row_id))
        assert [one.event for one in events].count("stage_recorded") == 3
        asked = await tx.rows(select(decision.c.question).where(decision.c.case_id == row_id))
        assert [one.question for one in asked].count("ledger.stage") == 4
        # the later correction of something else leaves the stage as it is proven
        await correct(tx, row_id, {"remark": "x"}, since=date(2026, 3, 12), reason="备注")
        assert await stage_on(tx, row_id) == ("development", date(2026, 3, 10))


@pytest.mark.requirement("R065")
async def test_all_five_days_without_a_paper_are_research(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, stage_declared="development")
        await workflow.record_criteria(tx, row_id, DAYS, reason="自评")
        assert await stage_on(tx, row_id) == ("research", None)


async def test_a_later_day_takes_the_days_between_back_and_a_withdrawn_paper_all_of_it(
    world: World, store: Kept
) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        await workflow.record_criteria(tx, row_id, DAYS, reason="认定")
        paper = await workflow.add_proof(tx, store, row_id, REPORT, SAID)
        assert isinstance(paper, UUID)
    async with world.acting(world.university) as tx:
        await workflow.record_criteria(tx, row_id, {**DAYS, "measurable": date(2026, 3, 13)}, reason="日期有误")
    async with world.acting(world.university) as tx:
        assert (await stage_on(tx, row_id, date(2026, 3, 11)))[0] == "research"
        assert await stage_on(tx, row_id, date(2026, 3, 13)) == ("development", date(2026, 3, 13))
        assert await workflow.withdraw_proof(tx, row_id, paper, "报告作废") is None
    async with world.acting(world.university) as tx:
        assert await stage_on(tx, row_id) == ("research", None)
        assert await stage_on(tx, row_id, date(2026, 3, 14)) == ("research", None)
        again = await workflow.withdraw_proof(tx, row_id, paper, "再撤")
        assert isinstance(again, Refusal)
        assert again.status == 409
        assert await recounted(tx)


async def test_what_cannot_be_recorded_is_refused_with_code_and_changes_nothing(world: World, store: Kept) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    cases: list[tuple[str, object]] = []
    async with world.acting(world.university) as tx:
        cases = [
            (
                "ledger.in_future",
                await workflow.record_criteria(tx, row_id, {"feasible": date(2026, 3, 17)}, reason="x"),
            ),
            ("stage.unknown_code", await workflow.record_criteria(tx, row_id, {"other": DAYS["benefit"]}, reason="x")),
            ("state.stale", await workflow.record_criteria(tx, row_id, DAYS, reason="x", revision=9)),
            ("stage.unknown_code", await workflow.add_proof(tx, store, row_id, REPORT, Paper("stage", "photo"))),
        ]
        await workflow.add_proof(tx, store, row_id, REPORT, SAID)
        cases.append(("state.stale", await workflow.add_proof(tx, store, row_id, REPORT, SAID)))
        for code, done in cases:
            assert isinstance(done, Refusal)
            assert done.code == code
        refused = await tx.rows(select(audit_entry.c.id).where(audit_entry.c.outcome == "refused"))
        assert len(refused) == len(cases)
        with pytest.raises(NotFound):
            await workflow.record_criteria(tx, new_id(), DAYS, reason="x")
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.record_criteria(tx, row_id, DAYS, reason="x")
    async with world.acting(world.university) as tx:
        await revoke(tx, row_id, "重复")
        for done in (
            await workflow.record_criteria(tx, row_id, DAYS, reason="x"),
            await workflow.add_proof(tx, store, row_id, REPORT, SAID),
            await workflow.record_research_start(tx, row_id, "own", {}),
        ):
            assert isinstance(done, Refusal)
            assert done.code == "state.stale"


@pytest.mark.requirement("R066")
async def test_the_start_of_research_holds_from_the_beginning_with_its_basis(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        done = await workflow.record_research_start(
            tx, row_id, "fiscal", {"project_approved": date(2025, 3, 3)}, chosen=date(2025, 1, 15)
        )
        assert isinstance(done, Refusal)
        assert done.code == "research_start.no_reason"
        done = await workflow.record_research_start(tx, row_id, "fiscal", {"project_approved": date(2025, 3, 3)})
        assert not isinstance(done, Refusal)
        detail = await queries.achievement_detail(tx, row_id, as_of=date(2026, 3, 2))
        assert detail is not None
        assert detail.row.research_started_on == date(2025, 3, 3)
        assert detail.row.funding == "fiscal"
