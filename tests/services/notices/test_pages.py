"""The pages of notices as people of an institution, of another one, and nobody see them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.notices.workflow import publish_notice, raise_objection
from shared.clock import SHANGHAI
from shared.ids import new_id
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import add_achievement, add_person, new_notice, without_keys
from tests.web import Site
from tests.world import START, World

HOME = "/institution/notices"


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    """Pages read the legal clock of the database."""
    async with clock_at(world, START):
        yield


async def published(world: World, title: str = "一种絮凝装置的赋权公示") -> UUID:
    applicant = await add_person(world, world.university, "甲申请人")
    achievement_id = await add_achievement(world, world.university)
    async with world.acting(world.university, "department_head", at=START) as tx:
        done = await publish_notice(tx, new_notice(achievement_id, applicant, title=title))
    assert isinstance(done, UUID)
    return done


async def objected(world: World, notice_id: UUID, role: str = "leadership") -> UUID:
    async with world.acting(world.university, role, at=START) as tx:
        done = await raise_objection(tx, notice_id, "权属比例不妥")
    assert isinstance(done, UUID)
    return done


async def test_the_list_says_how_the_days_count_and_by_which_article(site: Site, world: World) -> None:
    await published(world)
    visitor = await site.signed_in(world, world.university, "finance")
    answer = await visitor.get(HOME)
    assert answer.status_code == 200
    assert "一种絮凝装置的赋权公示" in answer.text
    assert "共 15 天" in answer.text
    assert "第八条" in answer.text


async def test_a_notice_shows_its_applicants_to_staff(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "finance")
    answer = await visitor.get(f"{HOME}/{notice_id}")
    assert answer.status_code == 200
    assert "甲申请人" in answer.text


@pytest.mark.requirement("R034")
async def test_nobody_sees_a_notice_without_signing_in(site: Site, world: World) -> None:
    notice_id = await published(world)
    answer = await site.anonymous().get(f"{HOME}/{notice_id}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert "甲申请人" not in answer.text


async def test_another_institution_gets_the_answer_of_an_unknown_notice(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.institute, "clerk")
    for tail in ("", "/change", "/withdraw", "/interruption"):
        theirs = await visitor.get(f"{HOME}/{notice_id}{tail}")
        unknown = await visitor.get(f"{HOME}/{new_id()}{tail}")
        assert (theirs.status_code, unknown.status_code) == (404, 404)
        assert without_keys(theirs.text) == without_keys(unknown.text)
        assert "絮凝" not in theirs.text


@pytest.mark.parametrize("kind", ["science", "department", "finance"])
async def test_an_authority_has_no_such_page(site: Site, world: World, kind: str) -> None:
    notice_id = await published(world)
    tenant = {"science": world.science, "department": world.department, "finance": world.finance}[kind]
    visitor = await site.signed_in(world, tenant, f"{kind}_officer", kind=kind)
    assert (await visitor.get(f"{HOME}/{notice_id}")).status_code == 404


async def test_who_may_not_publish_may_not_change(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "finance")
    for tail in ("change", "withdraw", "interruption"):
        assert (await visitor.get(f"{HOME}/{notice_id}/{tail}")).status_code == 403


async def test_an_objection_is_raised_once_however_often_its_form_is_sent(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "leadership")
    key = await visitor.form_key(f"{HOME}/{notice_id}")
    for _ in range(2):
        answer = await visitor.post(f"{HOME}/{notice_id}/objections", {"body": "权属比例不妥"}, key=key)
        assert answer.status_code == 303
    shown = await visitor.get(f"{HOME}/{notice_id}")
    assert shown.text.count("权属比例不妥") == 1
    assert "异议 1 件待答复" in shown.text


async def test_the_author_of_an_objection_is_named_to_those_who_answer_alone(site: Site, world: World) -> None:
    notice_id = await published(world)
    await objected(world, notice_id)
    clerk = await site.signed_in(world, world.university, "clerk")
    colleague = await site.signed_in(world, world.university, "finance")
    assert "测试leadership" in (await clerk.get(f"{HOME}/{notice_id}")).text
    assert "测试leadership" not in (await colleague.get(f"{HOME}/{notice_id}")).text


async def test_an_empty_objection_says_what_is_missing(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "leadership")
    answer = await visitor.post(f"{HOME}/{notice_id}/objections", {"body": "  "}, page=f"{HOME}/{notice_id}")
    assert answer.status_code == 422
    assert "请填写异议内容和理由" in answer.text


async def test_an_objection_is_answered_on_its_page(site: Site, world: World) -> None:
    notice_id = await published(world)
    objection_id = await objected(world, notice_id)
    visitor = await site.signed_in(world, world.university, "clerk")
    address = f"{HOME}/{notice_id}/objections/{objection_id}"
    wrong = await visitor.post(address, {"answer": "", "outcome": ""})
    assert wrong.status_code == 422
    assert "请填写核查情况和答复意见" in wrong.text
    assert "请选择核查结论" in wrong.text
    form = {"answer": "经核查，比例由全体完成人确认", "outcome": "not_upheld", "result_published": "yes"}
    assert (await visitor.post(address, form)).status_code == 303
    colleague = await site.signed_in(world, world.university, "finance")
    assert "经核查，比例由全体完成人确认" in (await colleague.get(f"{HOME}/{notice_id}")).text


async def test_a_correction_names_every_wrong_field_keeps_what_was_typed_and_restarts(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    address = f"{HOME}/{notice_id}/change"
    wrong = await visitor.post(address, {"title": "", "reason": "", "content-ownership": "单位 40%"})
    assert wrong.status_code == 422
    assert "请填写公示标题" in wrong.text
    assert "请填写更正原因" in wrong.text
    assert "单位 40%" in wrong.text
    form = {
        "title": "一种絮凝装置的赋权公示",
        "reason": "比例有误",
        "content-achievement_name": "一种絮凝装置",
        "content-achievement_type": "专利权",
        "content-grant_type": "所有权赋权",
        "content-ownership": "单位 40%，完成人 60%",
    }
    assert (await visitor.post(address, form)).status_code == 303
    shown = await visitor.get(f"{HOME}/{notice_id}")
    assert "完成人 60%" in shown.text
    assert "比例有误" in shown.text


async def test_a_correction_that_drops_required_content_is_refused_with_its_article(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    answer = await visitor.post(f"{HOME}/{notice_id}/change", {"title": "空的公示", "reason": "改"})
    assert answer.status_code == 422
    assert "公示内容应包括申请科技成果的基本信息" in answer.text


async def test_a_withdrawn_notice_takes_no_objection(site: Site, world: World) -> None:
    notice_id = await published(world)
    clerk = await site.signed_in(world, world.university, "clerk")
    assert (await clerk.post(f"{HOME}/{notice_id}/withdraw", {"reason": "材料有误"})).status_code == 303
    other = await site.signed_in(world, world.university, "leadership")
    answer = await other.post(f"{HOME}/{notice_id}/objections", {"body": "不同意"}, page=f"{HOME}/{notice_id}")
    assert answer.status_code == 409
    assert "已撤回" in answer.text


async def test_an_interruption_is_recorded_between_publication_and_now(site: Site, world: World) -> None:
    notice_id = await published(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    form = {"began_at": "2020-01-01T08:00", "ended_at": "2020-01-01T09:00", "reason": "停电"}
    answer = await visitor.post(f"{HOME}/{notice_id}/interruption", form)
    assert answer.status_code == 422
    assert "2020-01-01T08:00" in answer.text


async def test_a_short_interruption_is_recorded_and_the_period_goes_on(site: Site, world: World) -> None:
    now = START
    applicant = await add_person(world, world.university, "甲申请人")
    achievement_id = await add_achievement(world, world.university)
    async with world.acting(world.university, "department_head", at=now - timedelta(hours=1)) as tx:
        notice_id = await publish_notice(tx, new_notice(achievement_id, applicant))
    visitor = await site.signed_in(world, world.university, "clerk")
    form = {
        "began_at": (now - timedelta(minutes=20)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
        "ended_at": (now - timedelta(minutes=10)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
        "reason": "网站维护",
    }
    answer = await visitor.post(f"{HOME}/{notice_id}/interruption", form)
    assert answer.status_code == 303, answer.text
