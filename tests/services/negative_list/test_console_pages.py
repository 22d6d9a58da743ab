"""What the science department sees and does of the lists, through the whole application."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.negative_list.drafting.workflow import add_item, draft_version
from services.negative_list.models import ListState
from services.negative_list.queries import consultation_of, opinions, version_row
from services.negative_list.workflow import open_consultation
from shared.clock import real_now
from shared.ids import new_id
from tests.services.negative_list.steps import RULE, clock_at, consulted, drafted, head, officer, published
from tests.web import Site
from tests.world import START, World, make_world

pytestmark = pytest.mark.usefixtures("legal_clock")


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_others_may_not(site: Site, world: World) -> None:
    version_id = await drafted(world)
    anonymous = await site.anonymous().get("/console/lists")
    assert anonymous.status_code == 303
    assert anonymous.headers["location"].startswith("/sign-in")
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get(f"/console/lists/{version_id}")).status_code == 404
    finance = await site.signed_in(world, world.finance, "finance_officer", kind="finance")
    assert (await finance.get(f"/console/lists/{version_id}")).status_code == 403
    head = await site.signed_in(world, world.science, "science_head", kind="science")
    assert (await head.get("/console/lists/new")).status_code == 403


async def test_another_provinces_version_is_as_unknown_as_any(site: Site, world: World) -> None:
    version_id = await drafted(world)
    other = await make_world(world.maintenance, world.web, world.tasks)
    stranger = await site.signed_in(other, other.science, "science_officer", kind="science")
    theirs, unknown = (
        await stranger.get(f"/console/lists/{version_id}"),
        await stranger.get(f"/console/lists/{new_id()}"),
    )
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.text.replace(str(version_id), "") == unknown.text.replace(unknown.url.path.rpartition("/")[2], "")


async def test_the_walk_from_draft_to_publication_by_the_forms(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    chief = await site.signed_in(world, world.science, "science_head", kind="science")
    made = await clerk.post("/console/lists/new", {"rule": RULE, "title": "测试负面清单", "prefix": "CS-FQ"})
    assert made.status_code == 303
    address = made.headers["location"].partition("?")[0]
    version_id = UUID(address.rpartition("/")[2])
    item = {"category": "ethics", "title": "条目", "note": "说明"}
    assert (await clerk.post(f"{address}/items/new", item)).status_code == 303
    early = await chief.post(f"{address}/publication", {"effective_on": "2026-04-01"}, page=address)
    assert early.status_code == 422
    assert "第五条" in early.text
    await consulted(world, version_id)
    record = {"held_on": "2026-03-10", "participants": "专家 7 人", "opinion": "同意", "document": "意见书"}
    review = await clerk.post(f"{address}/review", {**record, "weighed:敏感性": "已评估"}, page=address)
    assert review.status_code == 303
    assert (await chief.post(f"{address}/determination", record, page=address)).status_code == 303
    done = await chief.post(f"{address}/publication", {"effective_on": "2026-04-01"}, page=address)
    assert done.status_code == 303
    public = await site.anonymous().get(f"/{world.slug}/lists/empowerment/1")
    assert "尚未生效" in public.text
    async with officer(world) as tx:
        row = await version_row(tx, version_id)
    assert row is not None
    assert (row.state, row.effective_on) == (ListState.PUBLISHED, date(2026, 4, 1))


@pytest.mark.requirement("R192")
async def test_who_worded_a_version_does_not_determine_it_after_becoming_a_head(site: Site, world: World) -> None:
    version_id = await drafted(world)
    async with head(world) as tx:  # as an officer, before this person became a head
        assert isinstance(await add_item(tx, version_id, "major_interest", "乙", "乙的说明"), str)
    await consulted(world, version_id)
    chief = await site.signed_in(world, world.science, "science_head", kind="science")
    address = f"/console/lists/{version_id}"
    assert f'action="{address}/determination"' not in (await chief.get(address)).text
    for step in ("determination", "publication"):
        refused = await chief.post(f"{address}/{step}", {"effective_on": "2026-04-01"}, page="/console/permissions")
        assert refused.status_code == 403, step
        assert "经办与批准应由不同的人办理" in refused.text
    async with officer(world) as tx:
        row = await version_row(tx, version_id)
    assert row is not None
    assert row.state == ListState.CONSULTED


async def test_a_form_with_wrong_fields_names_them_all_and_keeps_the_values(site: Site, world: World) -> None:
    version_id = await drafted(world)
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    address = f"/console/lists/{version_id}"
    sent = {"held_on": "后天", "participants": "", "opinion": "", "document": "某纪要"}
    answer = await clerk.post(f"{address}/review", sent, page=address)
    assert answer.status_code == 422
    for message in ("日期请按 2026-03-16 的格式填写", "请填写参加单位和人数", "请填写意见"):
        assert message in answer.text
    assert 'value="某纪要"' in answer.text


async def test_a_letter_is_entered_and_answered(site: Site, world: World) -> None:
    version_id = await drafted(world)
    async with officer(world) as tx:
        await open_consultation(tx, version_id, 30)
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    address = f"/console/lists/opinions/{round_.id}"
    wrong = await clerk.post(address, {"channel": "", "body": ""})
    assert wrong.status_code == 422
    assert "请填写收到方式" in wrong.text
    assert (await clerk.post(address, {"channel": "letter", "body": "来信内容"})).status_code == 303
    async with officer(world) as tx:
        [opinion] = await opinions(tx, round_.id)
    answered = await clerk.post(f"{address}/{opinion.id}", {"adopted": "partly", "answer": "已研究"}, page=address)
    assert answered.status_code == 303
    assert "部分采纳" in (await clerk.get(address)).text


async def test_the_day_of_the_clock_closes_the_form(site: Site, world: World) -> None:
    version_id = await drafted(world)
    async with officer(world, at=START - timedelta(days=40)) as tx:
        await open_consultation(tx, version_id, 30)
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    page = await site.anonymous().get(f"/{world.slug}/consultations/{round_.id}")
    assert "征求意见已结束" in page.text
    assert 'name="body"' not in page.text


async def test_an_officer_edits_a_draft_and_opens_and_closes_its_consultation(site: Site, world: World) -> None:
    await published(world)
    async with officer(world) as tx:
        version_id = await draft_version(tx, RULE, "测试负面清单")
    clerk = await site.signed_in(world, world.science, "science_officer", kind="science")
    address = f"/console/lists/{version_id}"
    item = f"{address}/items/CS-FQ-001"
    assert "甲" in (await clerk.get(item)).text
    assert (await clerk.post(item, {"title": "甲（修订）", "note": "修订后的说明"})).status_code == 303
    assert "甲（修订）" in (await clerk.get(address)).text
    assert (await clerk.post(f"{item}/end", {"end_note": "不再适用"}, page=item)).status_code == 303
    assert (await clerk.post(f"{item}/restore", page=item)).status_code == 303
    assert (await clerk.post(f"{address}/consultation", {"days": "1"}, page=address)).status_code == 303
    public = await site.anonymous().get(f"/{world.slug}/consultations")
    assert public.status_code == 200
    assert "测试负面清单" in public.text
    key = await clerk.form_key(address)
    async with clock_at(world, real_now() + timedelta(days=30)):
        closed = await clerk.post(f"{address}/consultation/close", key=key)
    assert closed.status_code == 303
