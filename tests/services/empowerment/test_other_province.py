"""A province with its own right, way of granting, papers, step and venues: everything that differs stands in its pack."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.empowerment import queries, rules
from services.empowerment.applying.workflow import apply
from services.empowerment.proceeding.workflow import Taken, record_step
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.routes_institution import buttons_of
from services.empowerment.rules import Screened, Submission, TeamMember
from services.empowerment.signing.workflow import Agreement, Handled, record_formality, sign_agreement
from services.empowerment.todos import todos
from services.empowerment.workflow import current_notice, governing_case, steps_of
from services.notices.models import notice_text
from services.notices.workflow import answer_objection, raise_objection
from shared.errors import Forbidden, FormInvalid, Refusal
from tests.other_province import work_under_another_pack
from tests.services.empowerment.arranging import is_completer, is_refused, state_of
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.web import Site
from tests.world import World

POSTED = {
    "panel_conclusion": "同意先行实施",
    "venue_unit_website": "https://danxia.example/notice/1",
    "venue_village_board": "照片 12 号",
}
PANEL = Taken(date(2026, 3, 2), {"panel_opinion": "评议字〔2026〕1号"}, "三名同行一致同意")
CLAUSES = {"scope": "三县示范点", "return_of_income": "净收入两成返还", "heritage": "每年授徒一人"}


@pytest.fixture
async def other(world: World) -> World:
    """The world under the pack of that province."""
    return await work_under_another_pack(world)


async def submission(world: World, **changes: Any) -> tuple[UUID, Submission]:
    team = (await add_person(world, world.university, "甲匠人"),)
    await is_completer(world, world.university, team[0])
    achievement_id = await add_achievement(world, world.university, type="craft_improvement", completers=team)
    full = Submission(
        "first_use", team[0], (TeamMember(team[0], confirmed=True),), "草木染固色改进", "", "三县示范",
        {"craft_source": {"met": True, "evidence": ["craft_consent"]}},
        term_first_day=date(2026, 4, 1), term_last_day=date(2029, 3, 31),
        grant_mode="on_site", others={"cost_statement": "材料费三万元，自筹"},
    )  # fmt: skip
    return achievement_id, replace(full, **changes)


async def applied(world: World) -> UUID:
    achievement_id, full = await submission(world)
    async with world.acting(world.university, "completer", at=at("2026-03-02")) as tx:
        done = await apply(tx, achievement_id, full)
    assert isinstance(done, UUID), done
    return done


async def announced(world: World) -> UUID:
    application_id = await applied(world)
    async with world.acting(world.university, "clerk", at=at("2026-03-02")) as tx:
        assert await record_step(tx, application_id, "panel", PANEL) is None
        assert await publish(tx, application_id, more=POSTED) is None
    return application_id


async def result(world: World, application_id: UUID, day: str, role: str = "department_head") -> Refusal | None:
    async with world.acting(world.university, role, at=at(day)) as tx:
        return await record_step(tx, application_id, "result", Taken(at(day).date(), {}))


async def sign(world: World, application_id: UUID, day: str, **changes: Any) -> Refusal | None:
    paper = replace(Agreement(at(day).date(), at(day).date(), CLAUSES), **changes)
    async with world.acting(world.university, "department_head", at=at(day)) as tx:
        return await sign_agreement(tx, application_id, paper)


async def test_the_walk_goes_by_its_own_steps(other: World) -> None:
    application_id = await announced(other)
    assert await state_of(other, other.university, application_id) == "noticed"
    # Seven working days from 2026-03-02 end on 03-11; the result comes after that, the agreement after the result.
    early = is_refused(await result(other, application_id, "2026-03-11"), "notice.running")
    assert early.citation is not None
    assert early.citation.article == "第八条"
    before = is_refused(await sign(other, application_id, "2026-03-12"), "step.before.result")
    assert before.citation is not None
    assert before.citation.article == "第八条"
    assert await result(other, application_id, "2026-03-12") is None
    assert await sign(other, application_id, "2026-03-12") is None
    async with other.acting(other.university, "clerk", at=at("2026-03-13")) as tx:
        is_refused(await record_formality(tx, application_id, []), "formality.first_use_filing")
        handled = [Handled("first_use_filing", "回执 7 号", date(2026, 3, 13))]
        assert await record_formality(tx, application_id, handled) is None
        found = await queries.find_application(tx, application_id)
    assert found is not None
    assert (found.state, found.step, found.grant_mode) == ("formalised", None, "on_site")
    assert found.materials == {"cost_statement": "材料费三万元，自筹"}


async def test_what_the_unit_does_is_recorded_by_who_acts_for_it(other: World) -> None:
    application_id = await announced(other)
    with pytest.raises(Forbidden, match="由单位办理"):
        await result(other, application_id, "2026-03-12", role="clerk")
    offered = {}
    for role in ("clerk", "department_head"):
        async with other.acting(other.university, role, at=at("2026-03-12")) as tx:
            (waiting,) = [one for one in await todos(tx) if one.href.endswith("/step")]
            found = await queries.find_application(tx, application_id)
            assert found is not None
            pack = (await governing_case(tx, found)).pack
            buttons = await buttons_of(tx, found, pack, steps_of(found, pack, tx.today))
            offered[role] = any(one["href"].endswith("/step") for one in buttons)
        assert waiting.permission == "institution:empowerment:sign"
    assert offered == {"clerk": False, "department_head": True}
    assert await result(other, application_id, "2026-03-12") is None


async def test_a_step_of_its_own_comes_first_and_needs_its_papers(other: World) -> None:
    application_id = await applied(other)
    assert await state_of(other, other.university, application_id) == "step"
    async with other.acting(other.university, "clerk", at=at("2026-03-02")) as tx:
        early = is_refused(await publish(tx, application_id, more=POSTED), "state.stale")
        bare = is_refused(
            await record_step(tx, application_id, "panel", replace(PANEL, papers={})), "step.no_evidence.panel_opinion"
        )
        is_refused(await record_step(tx, application_id, "result", PANEL), "state.stale")
        (waiting,) = await todos(tx)
    assert early.message
    assert bare.citation is not None
    assert bare.citation.article == "第六条"
    assert (waiting.kind, waiting.href) == ("同行评议", f"/institution/empowerment/{application_id}/step")
    assert "第六条" in waiting.basis


async def test_there_is_no_screening_and_no_feasibility_review(other: World) -> None:
    application_id = await applied(other)
    async with other.acting(other.university, "clerk", at=at("2026-03-02")) as tx:
        is_refused(await screen(tx, application_id, None, Screened({})), "state.stale")
        is_refused(await record_feasibility(tx, application_id, {}, ["某人"], "feasible"), "state.stale")


async def test_the_notice_stands_at_each_of_its_venues_and_says_what_the_panel_concluded(other: World) -> None:
    application_id = await applied(other)
    async with other.acting(other.university, "clerk", at=at("2026-03-02")) as tx:
        assert await record_step(tx, application_id, "panel", PANEL) is None
        nowhere = {**POSTED, "venue_village_board": ""}
        refused = is_refused(await publish(tx, application_id, more=nowhere), "notice.venue.village_board")
        silent = {**POSTED, "panel_conclusion": ""}
        is_refused(await publish(tx, application_id, more=silent), "notice.missing.panel_conclusion")
        is_refused(await publish(tx, application_id, days=6, more=POSTED), "notice.too_short")
        assert await publish(tx, application_id, more=POSTED) is None
        notice = await current_notice(tx, application_id)
        assert notice is not None
        content = await tx.scalar(select(notice_text.c.content).where(notice_text.c.notice_id == notice.id))
    assert refused.citation is not None
    assert refused.citation.article == "第七条"
    assert {one["code"]: one["value"] for one in content if one["value"]} == {
        "achievement_name": "一种高原湖泊蓝藻原位絮凝装置",
        "achievement_type": "传统工艺改进成果",
        **POSTED,
    }


async def test_the_result_of_an_objection_is_published_before_anything_goes_on(other: World) -> None:
    application_id = await announced(other)
    async with other.acting(other.university, "leadership", at=at("2026-03-04")) as tx:
        notice = await current_notice(tx, application_id)
        assert notice is not None
        raised = await raise_objection(tx, notice.id, "来源地有误")
        assert isinstance(raised, UUID)
    is_refused(await result(other, application_id, "2026-03-12"), "objection.open")
    async with other.acting(other.university, "clerk", at=at("2026-03-12")) as tx:
        assert await answer_objection(tx, raised, "属实核对", upheld=False, result_published=False) is None
    unpublished = is_refused(await result(other, application_id, "2026-03-12"), "objection.result_not_published")
    assert unpublished.citation is not None
    assert unpublished.citation.article == "第八条"


@pytest.mark.parametrize(
    ("changes", "code", "article"),
    [
        ({"term_last_day": date(2029, 3, 30)}, "term.too_short", "第四条"),
        ({"others": {}}, "application.missing.cost_statement", "第五条"),
        ({"conditions": {}}, "condition.craft_source.not_met", "第五条"),
        ({"grant_mode": "immediate"}, "empowerment.grant_mode", "第四条"),
        ({"grant_type": "ownership"}, "empowerment.grant_type", "第四条"),
    ],
)
async def test_what_it_asks_for_is_its_own(other: World, changes: dict[str, Any], code: str, article: str) -> None:
    achievement_id, full = await submission(other, **changes)
    async with other.acting(other.university, "completer", at=at("2026-03-02")) as tx:
        refused = is_refused(await apply(tx, achievement_id, full), code)
    assert refused.citation is not None
    assert refused.citation.article == article


def test_a_list_of_the_institutions_own_is_known_by_its_name_and_version() -> None:
    first, again = rules.unit_list(" 本单位清单  2026年1月版"), rules.unit_list("本单位清单 2026年1月版")
    other = rules.unit_list("另一版")
    assert first == again
    assert first is not None
    assert other is not None
    assert first.hash != other.hash
    assert first.facts()["version"] == "本单位清单 2026年1月版"
    assert rules.unit_list("  ") is None


async def test_a_right_that_the_province_does_not_have_cannot_be_begun(other: World) -> None:
    from services.empowerment.applying.workflow import begin

    achievement_id, _ = await submission(other)
    async with other.acting(other.university, "completer", at=at("2026-03-02")) as tx:
        with pytest.raises(FormInvalid):
            await begin(tx, achievement_id, "ownership")


async def test_the_page_of_its_own_step_shows_its_article_and_moves_the_case(site: Site, other: World) -> None:
    application_id = await applied(other)
    visitor = await site.signed_in(other, other.university, "clerk")
    address = f"/institution/empowerment/{application_id}/step"
    page = (await visitor.get(address)).text
    assert "同行评议意见" in page
    assert "先行赋权办法（虚构）》第六条" in page
    missing = await visitor.post(address, {"step": "panel", "done_on": "2026-03-02"})
    assert missing.status_code == 422
    assert "第六条" in missing.text
    wrong = await visitor.post(address, {"step": "panel", "done_on": "昨天", "paper-panel_opinion": "1号"})
    assert wrong.status_code == 422
    assert "1号" in wrong.text
    done = await visitor.post(address, {"step": "panel", "done_on": "2026-03-02", "paper-panel_opinion": "1号"})
    assert done.status_code == 303
    assert await state_of(other, other.university, application_id) == "approved"
    case = (await visitor.get(f"/institution/empowerment/{application_id}")).text
    assert "同行评议意见" in case
    assert "1号" in case
    foreign = await site.signed_in(other, other.institute, "clerk")
    assert (await foreign.get(address)).status_code == 404
