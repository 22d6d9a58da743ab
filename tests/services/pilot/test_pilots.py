"""Who is in a pilot: selection and its end, in the real database and through the whole application."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from services.pilot import rules
from services.pilot.models import pilot_membership
from services.pilot.queries import memberships, public_memberships, validity
from services.pilot.workflow import end_membership, select_institution
from shared.audit.tables import audit_entry
from shared.db.records import decision, workflow_event
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from shared.policy import load_pack
from shared.policy.answer import Verdict
from tenants import isolation
from tests.services.negative_list.steps import clock_at, officer, refusal
from tests.web import Site
from tests.world import START, World, make_world

PACK = load_pack("cn-53").with_mode("enforced")
DOCUMENT = "第一批试点单位遴选结果"


async def selected(
    tx: Transaction, unit: UUID, guideline: str = "empowerment", first: date = date(2026, 2, 1)
) -> UUID | Refusal:
    return await select_institution(
        tx, unit, guideline, first_day=first, selected_on=date(2025, 12, 1), document=DOCUMENT
    )


@pytest.mark.requirement("R003")
async def test_the_two_guidelines_are_selected_for_separately_and_dated(world: World) -> None:
    """Rule 36: selected for the ledger on 2026-02-01, for empowerment on 2026-06-01."""
    async with officer(world) as tx:
        assert isinstance(await selected(tx, world.hospital, "ledger", date(2026, 2, 1)), UUID)
        assert isinstance(await selected(tx, world.hospital, "empowerment", date(2026, 6, 1)), UUID)
    async with world.acting(world.hospital) as tx:
        ledger, empowerment = await memberships(tx)
    assert (ledger.guideline, ledger.holds_on(date(2026, 2, 1)), ledger.holds_on(date(2026, 1, 31))) == (
        "ledger",
        True,
        False,
    )
    assert not empowerment.holds_on(date(2026, 5, 31))
    assert empowerment.holds_on(date(2026, 6, 1))
    assert empowerment.document == DOCUMENT


async def test_a_selection_stands_in_the_institutions_own_streams(world: World) -> None:
    async with officer(world) as tx:
        membership_id = await selected(tx, world.university)
    async with world.acting(world.university) as tx:
        for stream, column in (
            (workflow_event, workflow_event.c.case_id),
            (decision, decision.c.case_id),
            (audit_entry, audit_entry.c.object_id),
        ):
            row = await tx.row(select(stream).where(stream.c.tenant_id == world.university, column == membership_id))
            assert row is not None
            assert row.actor_organisation_id == world.science
            assert row.department_id == world.department


@pytest.mark.requirement("R047", "R091")
@pytest.mark.parametrize(
    ("first", "code"), [(date(2025, 11, 8), "pilot.not_yet_in_force"), (date(2028, 11, 10), "pilot.expired")]
)
async def test_nobody_is_selected_outside_the_validity(world: World, first: date, code: str) -> None:
    async with officer(world) as tx:
        refused = refusal(await selected(tx, world.university, first=first))
    assert refused.code == code
    assert refused.citation is not None
    assert refused.citation.article == "第十三条"
    async with world.acting(world.university) as tx:
        assert await memberships(tx) == []


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        (date(2025, 11, 8), Verdict.REFUSED),
        (date(2025, 11, 9), Verdict.ALLOWED),
        (date(2028, 11, 8), Verdict.ALLOWED),
        (date(2028, 11, 9), Verdict.PERSON_MUST_DECIDE),
        (date(2028, 11, 10), Verdict.REFUSED),
    ],
)
def test_what_may_still_begin_follows_the_validity_to_the_day(day: date, verdict: Verdict) -> None:
    for guideline in ("empowerment", "ledger"):
        assert rules.may_begin(guideline, PACK, day).verdict is verdict


async def test_the_validity_says_its_last_day_its_dispute_and_the_days_left(world: World) -> None:
    async with world.acting(world.university) as tx:
        empowerment, ledger = await validity(tx)
    for one in (empowerment, ledger):
        assert (one.first_day, one.last_day) == (date(2025, 11, 9), date(2028, 11, 8))
        assert one.disputed_days == (date(2028, 11, 9),)
        assert one.reading is not None
    assert empowerment.days_left(date(2028, 11, 8)) == 1
    assert empowerment.days_left(date(2028, 11, 9)) == 0


@pytest.mark.requirement("R050")
async def test_an_enterprise_is_in_the_ledger_pilot_by_the_text_and_in_the_other_by_its_document(world: World) -> None:
    """Rule 35: both texts say 等, so a selection document can open the first guideline to an enterprise."""
    async with officer(world) as tx:
        assert isinstance(await selected(tx, world.enterprise, "ledger"), UUID)
        opened = await selected(tx, world.enterprise, "empowerment")
        assert isinstance(opened, UUID)
        verdicts = await tx.rows(
            select(decision.c.verdict)
            .where(decision.c.tenant_id == world.enterprise, decision.c.question == "pilot.covers")
            .order_by(decision.c.recorded_at)
        )
    assert [row.verdict for row in verdicts] == ["allowed", "advised"]


async def test_a_second_selection_for_the_same_pilot_and_one_before_its_document_are_refused(world: World) -> None:
    async with officer(world) as tx:
        assert isinstance(await selected(tx, world.university), UUID)
        assert refusal(await selected(tx, world.university, first=date(2026, 3, 1))).code == "pilot.already"
        early = refusal(await selected(tx, world.institute, first=date(2025, 11, 20)))
        assert early.code == "pilot.before_selection"


async def test_a_membership_ends_with_its_last_day_and_only_once(world: World) -> None:
    async with officer(world) as tx:
        membership_id = await selected(tx, world.university)
        assert isinstance(membership_id, UUID)
        assert (
            refusal(await end_membership(tx, membership_id, date(2026, 1, 31), "文件")).code
            == "pilot.ends_before_start"
        )
        assert await end_membership(tx, membership_id, date(2026, 5, 31), "调整文件") is None
        assert refusal(await end_membership(tx, membership_id, date(2026, 6, 30), "文件")).kind == "state"
        assert isinstance(await selected(tx, world.university, first=date(2026, 6, 1)), UUID)
    async with world.acting(world.university) as tx:
        ended, again = await memberships(tx)
    assert (ended.last_day, ended.holds_on(date(2026, 5, 31)), ended.holds_on(date(2026, 6, 1))) == (
        date(2026, 5, 31), True, False,
    )  # fmt: skip
    assert again.last_day is None


async def test_nobody_else_writes_and_nobody_across_sees(world: World) -> None:
    other = await make_world(world.maintenance, world.web, world.tasks)
    async with officer(world) as tx:
        membership_id = await selected(tx, world.university)
        assert isinstance(membership_id, UUID)
    count = select(func.count()).select_from(pilot_membership)
    for w, tenant, role, kind, seen in (
        (world, world.university, "clerk", "institution", 1),
        (world, world.institute, "clerk", "institution", 0),
        (other, other.university, "clerk", "institution", 0),
        (other, other.science, "science_officer", "science", 0),
    ):
        async with w.acting(tenant, role, kind) as tx:
            assert await tx.scalar(count) == seen
    async with other.acting(other.science, "science_officer", "science") as tx:
        with pytest.raises(NotFound):
            await end_membership(tx, membership_id, date(2026, 5, 31), "文件")
        with pytest.raises(NotFound):
            await selected(tx, world.university)
    async with world.acting(world.university) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.execute(update(pilot_membership).values(document="自封"))
        await tx.driver.execute("rollback; begin")
    async with officer(world) as tx:
        with pytest.raises(DBAPIError, match="held_excl"):
            await tx.execute(
                insert(pilot_membership)
                .inline()
                .values(
                    tenant_id=world.university,
                    id=new_id(),
                    province_id=world.province_id,
                    guideline="empowerment",
                    held=Range(date(2026, 3, 1), None),
                    document="",
                    selected_on=START.date(),
                )
            )
        await tx.driver.execute("rollback; begin")


async def test_the_public_reads_who_is_selected_and_not_by_which_paper_one_left(world: World) -> None:
    async with officer(world) as tx:
        await selected(tx, world.university)
    scope = Scope("web_public", world.science, world.province_id, world.science, world.science)
    async with transaction(world.web, scope, Actor(None, world.science)) as tx:
        [row] = await public_memberships(tx)
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.scalar(select(pilot_membership.c.ended_by))
        await tx.driver.execute("rollback; begin")
    assert (row.name, row.guideline, row.first_day) == ("滇池示例大学", "empowerment", date(2026, 2, 1))


# Pages --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def _clock(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(isolation, "_PROVINCES_SECONDS", -1.0)
    async with clock_at(world, START):
        yield


@pytest.mark.usefixtures("_clock")
async def test_the_science_department_selects_and_ends_by_its_forms(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    form = {
        "institution": str(world.university),
        "guideline": "empowerment",
        "selected_on": "2026-03-01",
        "first_day": "2026-03-10",
        "document": DOCUMENT,
    }
    key = await clerk.form_key("/console/pilots/new")
    assert (await clerk.post("/console/pilots/new", form, key=key)).status_code == 303
    assert (await clerk.post("/console/pilots/new", form, key=key)).status_code == 303
    page = await clerk.get("/console/pilots")
    for words in ("滇池示例大学", "2025-11-09", "2028-11-08", "969<small>天", "存疑", "今天可以开始新的申请"):
        assert words in page.text
    async with world.acting(world.university) as tx:
        assert len(await memberships(tx)) == 1
        membership_id = await tx.scalar(
            select(pilot_membership.c.id).where(pilot_membership.c.tenant_id == tx.tenant_id)
        )
    ended = await clerk.post(f"/console/pilots/{membership_id}/end", {"last_day": "2026-05-31", "document": "调整文件"})
    assert ended.status_code == 303
    public = await site.anonymous().get(f"/{world.slug}/pilots")
    assert "滇池示例大学" in public.text
    assert "2026-05-31" in public.text
    assert "调整文件" not in public.text


@pytest.mark.usefixtures("_clock")
async def test_a_selection_with_wrong_fields_names_them_all_and_keeps_the_values(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    sent = {"institution": "", "guideline": "别的", "selected_on": "昨天", "first_day": "", "document": "某文件"}
    answer = await clerk.post("/console/pilots/new", sent)
    assert answer.status_code == 422
    for message in ("请填写单位", "请选择试点", "遴选日期请按 2026-03-16 的格式填写", "请填写起始日期"):
        assert message in answer.text
    assert 'value="某文件"' in answer.text


@pytest.mark.usefixtures("_clock")
async def test_who_may_not_is_turned_away(site: Site, world: World) -> None:
    anonymous = await site.anonymous().get("/console/pilots")
    assert anonymous.status_code == 303
    assert anonymous.headers["location"].startswith("/sign-in")
    head = await site.signed_in(world, world.science, "science_head", kind="science")
    assert (await head.get("/console/pilots")).status_code == 200
    assert (await head.get("/console/pilots/new")).status_code == 403
    assert (await (await site.signed_in(world, world.university)).get("/console/pilots")).status_code == 404
    assert (await (await site.signed_in(world, world.science, "science_officer", kind="science")).get(
        f"/console/pilots/{new_id()}/end"
    )).status_code == 404  # fmt: skip
