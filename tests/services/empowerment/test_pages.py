"""The pages of empowerment: the walk through forms, refusals in place with their article, who may see what."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from services.empowerment import queries
from services.empowerment.applying.workflow import apply, begin
from services.empowerment.models import application
from services.notices.models import notice
from shared.ids import new_id
from tests.services.empowerment.arranging import (
    CLAUSES,
    Prepared,
    announced,
    applied,
    approved,
    prepare,
    screened,
    state_of,
    submission,
)
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import at, without_keys
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/empowerment"
SCREENED = {
    "answer-major_interest": "no",
    "answer-state_secret": "no",
    "answer-ethics": "no",
    "item-A-1": "no",
    "note": "逐项核对",
}
ASSESSED = {
    "dimension-technology_maturity": "样机通过测试",
    "dimension-market_prospect": "已有意向",
    "dimension-conversion_conditions": "具备",
    "reviewers": "丙专家、丁专家",
    "conclusion": "feasible",
}
NOW = at("2026-04-01")


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    """Pages read the legal clock of the database: a day after the notices of these tests have run."""
    async with clock_at(world, NOW):
        yield


def filled(ready: Prepared) -> dict[str, Any]:
    """The application form as an applicant fills it in."""
    first, second = ready.team
    return {
        "representative": str(first),
        "explanation": "用于湖泊治理的装置",
        "team_information": "两名完成人",
        "plan": "与企业合作",
        "unit_share": "30%",
        "team_share": "7/10",
        "co_ownership": "by_share",
        f"share-{first}": "1/2",
        f"share-{second}": "50%",
        f"confirmed-{first}": "yes",
        f"confirmed-{second}": "yes",
        "condition-clear_ownership": "yes",
        "evidence-clear_ownership": "ownership_certificate",
        "condition-clear_prospect": "yes",
        "evidence-clear_prospect": "market_study",
        "condition-clear_receiver": "yes",
        "evidence-clear_receiver": "partner_statement",
        "condition-strong_will": "yes",
        "evidence-strong_will": "voluntary_statement",
    }


async def drafted(world: World, ready: Prepared) -> UUID:
    async with world.acting(ready.tenant, "completer", at=NOW) as tx:
        done = await begin(tx, ready.achievement_id, "ownership")
    assert isinstance(done, UUID)
    return done


async def clerk(site: Site, world: World) -> Visitor:
    return await site.signed_in(world, world.university, "clerk")


async def backdate(world: World, tenant: UUID, day: str) -> None:
    """Put a notice's publication into the past, since the application's clock is the real one."""
    async with world.maintenance.begin() as connection:
        await connection.execute(update(notice).where(notice.c.tenant_id == tenant).values(published_at=at(day)))


async def test_a_researcher_applies_from_the_choice_of_an_achievement_to_submission(site: Site, world: World) -> None:
    ready = await prepare(world)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    chosen = await visitor.get(f"{HOME}/new")
    assert str(ready.achievement_id) in chosen.text
    wrong = await visitor.post(f"{HOME}/new", {})
    assert wrong.status_code == 422
    begun = await visitor.post(f"{HOME}/new", {"achievement_id": str(ready.achievement_id), "grant_type": "ownership"})
    assert begun.status_code == 303
    address = begun.headers["location"]
    form = await visitor.get(address)
    assert "甲完成人" in form.text
    assert "明确的应用场景和市场潜力" in form.text
    sent = await visitor.post(address, filled(ready))
    assert sent.status_code == 303, sent.text[:3000]
    case = await visitor.get(sent.headers["location"])
    assert "待排查" in case.text
    assert "单位 30%" in case.text


async def test_every_wrong_field_is_named_at_once_and_what_was_typed_is_kept(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await drafted(world, ready)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    form = {**filled(ready), "explanation": "", "plan": "", "representative": "", "unit_share": "三成"}
    form[f"share-{ready.team[0]}"] = "一半"
    answer = await visitor.post(f"{HOME}/{application_id}/edit", form)
    assert answer.status_code == 422
    for message in ("请填写成果说明", "请填写转化方案", "请选择代表", "比例请写成 30%、0.3 或 1/3"):
        assert message in answer.text
    assert "三成" in answer.text
    assert "一半" in answer.text
    assert "两名完成人" in answer.text


async def test_unmet_conditions_are_refused_together_each_with_its_article(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await drafted(world, ready)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    form = filled(ready)
    for name in ("condition-clear_ownership", "evidence-clear_prospect", f"confirmed-{ready.team[1]}"):
        form.pop(name)
    answer = await visitor.post(f"{HOME}/{application_id}/edit", form)
    assert answer.status_code == 422
    for article in ("第七条(二)1", "第七条(二)2", "第八条(一)"):
        assert article in answer.text
    assert "与企业合作" in answer.text
    assert await state_of(world, ready.tenant, application_id) == "draft"


async def test_a_draft_saves_itself_again_and_again_and_comes_back(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await drafted(world, ready)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    key = await visitor.form_key(f"{HOME}/{application_id}/edit")
    for words in ("写了一", "写了一半"):
        answer = await visitor.client.post(
            f"{HOME}/{application_id}/draft", params={"form_key": key}, data={"plan": words}
        )
        assert answer.status_code == 200
    assert "写了一半" in (await visitor.get(f"{HOME}/{application_id}/edit")).text


async def test_an_institution_outside_the_pilot_reads_article_3_before_it_types(site: Site, world: World) -> None:
    ready = await prepare(world, selected=False)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    shown = await visitor.get(f"{HOME}/new")
    assert "现在不能申请赋权" in shown.text
    assert "本指引适用于参与" in shown.text
    answer = await visitor.post(f"{HOME}/new", {"achievement_id": str(ready.achievement_id), "grant_type": "ownership"})
    assert answer.status_code == 422
    assert "第三条" in answer.text


async def test_the_department_screens_assesses_and_announces(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    visitor = await clerk(site, world)
    address = f"{HOME}/{application_id}"
    form = {**SCREENED, "list_version_id": str(ready.list_version_id)}
    shown = await visitor.get(f"{address}/screening")
    assert "可能危害公共安全的成果" in shown.text
    partly = await visitor.post(f"{address}/screening", {**form, "item-A-1": ""})
    assert partly.status_code == 422
    assert "没有逐项排查" in partly.text
    assert (await visitor.post(f"{address}/screening", form)).status_code == 303
    wrong = await visitor.post(f"{address}/feasibility", {**ASSESSED, "reviewers": "", "conclusion": ""})
    assert "请填写评估人员" in wrong.text
    assert "请选择评估结论" in wrong.text
    assert (await visitor.post(f"{address}/feasibility", ASSESSED)).status_code == 303
    preview = await visitor.get(f"{address}/notice")
    assert "甲完成人、乙完成人" in preview.text
    short = await visitor.post(f"{address}/notice", {"summary": "治理装置", "days": "14"})
    assert short.status_code == 422
    assert "公示期为15天" in short.text
    assert (await visitor.post(f"{address}/notice", {"summary": "治理装置", "days": "15"})).status_code == 303
    case = await visitor.get(address)
    assert "共 15 天" in case.text
    assert "丙专家、丁专家" in case.text


async def test_signing_is_refused_with_the_article_while_the_notice_runs_and_recorded_after(
    site: Site, world: World
) -> None:
    ready = await prepare(world)
    today = NOW
    application_id = await approved(world, ready)
    visitor = await clerk(site, world)
    await visitor.post(f"{HOME}/{application_id}/notice", {"summary": "治理装置", "days": "15"})
    head = await site.signed_in(world, ready.tenant, "department_head")
    address = f"{HOME}/{application_id}/agreement"
    assert "今天还不能签署" in (await head.get(address)).text
    form = {
        "signed_on": at(today.date().isoformat()).date().isoformat(),
        "effective_on": "2099-01-01",
        **{f"clause-{code}": words for code, words in CLAUSES.items()},
    }
    refused = await head.post(address, form)
    assert refused.status_code == 422
    assert "公示期满且无异议后" in refused.text
    assert "第八条(三)" in refused.text
    await backdate(world, ready.tenant, "2026-03-02")
    form["effective_on"] = form["signed_on"]
    assert (await head.post(address, {**form, "effective_on": "2020-01-01"})).status_code == 422
    assert (await head.post(address, form)).status_code == 303
    assert await state_of(world, ready.tenant, application_id) == "agreed"
    missing = await visitor.post(f"{HOME}/{application_id}/formality", {})
    assert "办理所有权共有变更登记手续" in missing.text
    done = {"evidence-co_ownership_registration": "登记通知书", "done_on-co_ownership_registration": form["signed_on"]}
    assert (await visitor.post(f"{HOME}/{application_id}/formality", done)).status_code == 303
    assert "已办结" in (await head.get(f"{HOME}/{application_id}")).text


async def test_an_application_is_sent_back_with_its_reason(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    visitor = await clerk(site, world)
    empty = await visitor.post(f"{HOME}/{application_id}/return", {"reason": ""})
    assert "请填写理由" in empty.text
    sent = await visitor.post(f"{HOME}/{application_id}/return", {"field": "plan", "reason": "请补充承接企业"})
    assert sent.status_code == 303
    applicant = await site.signed_in(world, ready.tenant, "completer")
    assert "请补充承接企业" in (await applicant.get(f"{HOME}/{application_id}/edit")).text
    again = await visitor.post(f"{HOME}/{application_id}/return", {"reason": "再退一次"})
    assert again.status_code == 409


async def test_an_application_is_rejected_or_withdrawn_by_those_who_may(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    applicant = await site.signed_in(world, ready.tenant, "completer")
    assert (await applicant.get(f"{HOME}/{application_id}/reject")).status_code == 403
    assert (await applicant.post(f"{HOME}/{application_id}/withdraw", {"reason": "另有打算"})).status_code == 303
    async with world.acting(ready.tenant, "completer", at=NOW) as tx:
        second = await apply(tx, ready.achievement_id, submission(ready))
    visitor = await clerk(site, world)
    assert (await visitor.post(f"{HOME}/{second}/reject", {"reason": "材料不实"})).status_code == 303
    shown = await visitor.get(f"{HOME}?tab=ended")
    assert "审核不通过" in shown.text
    assert "已撤回" in shown.text


async def test_the_list_shows_the_open_cases_of_the_institution(site: Site, world: World) -> None:
    ready = await prepare(world)
    await screened(world, ready)
    answer = await (await clerk(site, world)).get(HOME)
    assert "一种高原湖泊蓝藻原位絮凝装置" in answer.text
    assert "待可行性评估" in answer.text


async def test_the_same_signing_sent_twice_is_one_agreement(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    head = await site.signed_in(world, ready.tenant, "department_head")
    address = f"{HOME}/{application_id}/agreement"
    day = at(NOW.date().isoformat()).date().isoformat()
    form = {"signed_on": day, "effective_on": day, **{f"clause-{code}": words for code, words in CLAUSES.items()}}
    key = await head.form_key(address)
    answers = [await head.post(address, form, key=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    async with world.acting(ready.tenant) as tx:
        events = await queries.events_of(tx, application_id)
    assert [event.event for event in events].count("agreed") == 1


async def test_nobody_gets_in_without_signing_in(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    for address in (HOME, f"{HOME}/{application_id}"):
        answer = await site.anonymous().get(address)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("tail", ["", "/screening", "/feasibility", "/notice", "/return", "/reject"])
async def test_another_institution_gets_the_answer_of_an_unknown_case(site: Site, world: World, tail: str) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    visitor = await site.signed_in(world, world.institute, "clerk")
    theirs = await visitor.get(f"{HOME}/{application_id}{tail}")
    unknown = await visitor.get(f"{HOME}/{new_id()}{tail}")
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert without_keys(theirs.text) == without_keys(unknown.text)


async def test_an_applicant_may_not_review_and_a_clerk_may_not_sign(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    applicant = await site.signed_in(world, ready.tenant, "completer")
    for tail in ("screening", "feasibility", "notice", "agreement", "formality"):
        assert (await applicant.get(f"{HOME}/{application_id}/{tail}")).status_code == 403
    assert (await (await clerk(site, world)).get(f"{HOME}/{application_id}/agreement")).status_code == 403


async def test_somebody_elses_draft_is_not_edited(site: Site, world: World) -> None:
    ready = await prepare(world)
    async with world.acting(ready.tenant, "completer", at=NOW) as tx:
        application_id = await begin(tx, ready.achievement_id, "ownership")
        await tx.execute(
            update(application).where(application.c.tenant_id == tx.tenant_id).values(applicant_id=ready.team[0])
        )
    visitor = await site.signed_in(world, ready.tenant, "completer")
    assert (await visitor.get(f"{HOME}/{application_id}/edit")).status_code == 404
