"""Disclosure as people do it: the gate first, the form with all its errors, verification, return with reasons."""

import html
import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text

from services.ledger.disclosure import workflow
from services.ledger.disclosure.models import disclosure
from services.ledger.models import achievement
from shared.errors import Refusal
from shared.ids import new_id
from tenants.packs import governing
from tests.web import Site, Visitor
from tests.world import World

NEW = "/institution/disclosures/new"
OPEN = {"classified": "no", "key_technology": "no"}
FORM = {
    "name": "一种示例催化剂的制备方法",
    "type": "patent_right",
    "technical_field": "新材料",
    "form": "专利",
    "stage": "research",
    "market_prospect": "可用于示例行业的尾气处理。",
    "funding": "fiscal",
    "evidence": "project_contract",
    "evidence_elsewhere": "科研处档案室，合同号示2026-1",
    "team": "测试甲 1/3\n测试乙 1/3\n测试丙 1/3",
}


async def begun(visitor: Visitor) -> str:
    answer = await visitor.post(NEW, OPEN)
    assert answer.status_code == 303, answer.text
    address: str = answer.headers["location"]
    return address


@pytest.mark.requirement("R057", "R058")
async def test_a_disclosure_is_verified_and_registered_with_a_number(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    sent = await researcher.post(edit, FORM)
    assert sent.status_code == 303
    case = edit.removesuffix("/edit")
    assert "待核实" in (await researcher.get(case)).text
    clerk = await site.signed_in(world, world.university, "clerk")
    assert FORM["name"] in (await clerk.get("/institution/disclosures")).text
    done = await clerk.post(f"{case}/register", page=case)
    assert done.status_code == 303
    async with world.acting(world.university) as tx:
        row = await tx.row(select(achievement).where(achievement.c.tenant_id == world.university))
    assert row is not None
    assert (row.name, row.number, row.stage_recognised) == (FORM["name"], 1, "research")


async def test_the_list_goes_on_page_by_page_to_the_oldest(site: Site, world: World) -> None:
    whose = await world.person(world.university, "completer")
    async with world.acting(world.university) as tx:
        kept = {"tenant_id": tx.tenant_id, "province_id": tx.province_id, "person_id": whose}
        pack = (await governing(tx)).id
        made = [
            {**kept, "id": new_id(), "state": "submitted", "name": f"第{number:03d}项披露", "pack_version_id": pack}
            for number in range(120)
        ]
    async with world.maintenance.begin() as connection:
        await connection.execute(insert(disclosure), made)
    for role, tab in (("clerk", "waiting"), ("completer", "mine")):
        visitor = await site.signed_in(world, world.university, role)
        address, sizes, seen = f"/institution/disclosures?tab={tab}", [], set[str]()
        while address:
            text_ = (await visitor.get(address)).text
            found = re.findall(r"第\d{3}项披露", text_)
            sizes.append(len(found))
            seen |= set(found)
            following = re.search(r'rel="next" href="([^"]+)"', text_)
            address = html.unescape(following.group(1)) if following else ""
        assert (sizes, len(seen)) == ([50, 50, 20], 120), tab
        assert 'rel="prev"' in text_
        stranger = await site.signed_in(world, world.institute, role)
        nothing = (await stranger.get(f"/institution/disclosures?tab={tab}&behind={made[0]['id']}")).text
        assert "项披露" not in nothing


@pytest.mark.requirement("R064")
async def test_who_is_a_completer_is_told_in_the_words_of_the_text(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    page = (await researcher.get(await begun(researcher))).text
    told = page.split("直接参与研发、创造并作出实质性贡献的人员或团队")[1]
    assert "第九条(二)" in told.split('id="f-team"')[0], "beside the field, with its article"


@pytest.mark.requirement("R213")
@pytest.mark.parametrize("answer", ["yes", "suspected"])
async def test_a_classified_achievement_leaves_no_trace(site: Site, world: World, answer: str) -> None:
    researcher = await site.signed_in(world, world.institute, "completer")
    reply = await researcher.post(NEW, {"classified": answer, "key_technology": "no"})
    assert reply.status_code == 422
    assert "没有保存任何内容" in reply.text
    async with world.maintenance.connect() as connection:
        for table in ("disclosure", "decision", "audit_entry", "workflow_event", "outbox", "idempotency_key"):
            count = await connection.scalar(
                text(f"select count(*) from app.{table} where tenant_id = :tenant"), {"tenant": world.institute}
            )
            assert count == 0, table


async def test_all_errors_at_once_with_their_articles_and_the_values_kept(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    wrong = {"name": "名称留下", "funding": "fiscal", "team": ""}
    answer = await researcher.post(edit, wrong)
    assert answer.status_code == 422
    for field in ("technical_field", "form", "stage", "market_prospect", "team", "evidence"):
        assert f'href="#f-{field}"' in answer.text, field
    assert "第八条" in answer.text
    assert 'value="名称留下"' in answer.text


@pytest.mark.requirement("R060")
@pytest.mark.parametrize("funding", ["own", "commissioned"])
async def test_own_and_commissioned_money_needs_a_plan_or_a_contract(site: Site, world: World, funding: str) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, {**FORM, "funding": funding, "evidence": "approval_paper"})
    assert answer.status_code == 422
    assert 'href="#f-evidence"' in answer.text
    assert "研发计划书" in answer.text
    assert (await researcher.post(edit, {**FORM, "funding": funding, "evidence": "research_plan"})).status_code == 303


@pytest.mark.requirement("R059", "R060")
async def test_leaving_the_funding_out_does_not_escape_the_evidence(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, {**FORM, "funding": "", "type": ""})
    assert answer.status_code == 422
    for field in ("funding", "type"):
        assert f'href="#f-{field}"' in answer.text
    assert "第八条" in answer.text


@pytest.mark.parametrize(
    ("team", "told"),
    [
        ("测试甲 50%\n测试乙 50.01%", "合计为 100.01%，超过 100%"),
        ("测试甲 33.33%\n测试乙 33.33%\n测试丙 33.33%", "合计为 99.99%，应当恰为 100%"),
        ("测试甲 50%\n测试乙", "测试乙没有写比例"),
    ],
)
async def test_shares_that_are_not_exactly_one_are_told_with_their_sum(
    site: Site, world: World, team: str, told: str
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, {**FORM, "team": team})
    assert answer.status_code == 422
    assert told in answer.text
    assert team in answer.text


@pytest.mark.requirement("R059", "R061")
async def test_verification_asks_again_for_what_the_text_wants(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, FORM)
    case_id = UUID(edit.split("/")[-2])
    async with world.maintenance.begin() as connection:
        await connection.execute(text("update app.disclosure set evidence = '{}' where id = :id"), {"id": case_id})
    async with world.acting(world.university) as tx:
        refusal = await workflow.register(tx, case_id)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "disclosure.no_evidence.fiscal_project"
        assert refusal.citation is not None
        assert (refusal.citation.article, refusal.inputs["funding"]) == ("第八条", "fiscal")
        assert "立项佐证材料" in refusal.citation.quote
        assert await tx.scalar(select(func.count()).select_from(achievement)) == 0


@pytest.mark.requirement("R059")
async def test_fiscal_money_needs_its_project_evidence(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, {name: value for name, value in FORM.items() if name != "evidence"})
    assert answer.status_code == 422
    assert "立项佐证" in answer.text


async def test_a_draft_is_kept_and_typing_a_name_makes_no_crowd(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    draft = edit.replace("/edit", "/draft")
    key = await researcher.form_key(edit)
    for name in ("钱", "钱某", "钱某某"):
        answer = await researcher.client.post(draft, params={"form_key": key}, data={"name": "半份", "team": name})
        assert answer.json() == {"saved": True}
    page = (await researcher.get(edit)).text
    assert 'value="半份"' in page
    assert "钱某某" in page
    async with world.maintenance.connect() as connection:
        names = await connection.scalars(
            text("select name from app.person where tenant_id = :tenant and name like '钱%'"),
            {"tenant": world.university},
        )
        assert list(names) == ["钱某某"]


async def test_a_half_typed_team_is_kept_as_it_was_typed(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    key = await researcher.form_key(edit)
    draft = edit.replace("/edit", "/draft")
    for typed in ("测试甲 1/3\n测试乙 50%", "测试甲 60%\n测试乙 60%", "测试甲 1/\n测试乙 150%", "测试甲\n测试甲"):
        sent = {"name": "半份", "team": typed}
        saved = await researcher.client.post(draft, params={"form_key": key}, data=sent)
        assert saved.json() == {"saved": True}
        assert typed in (await researcher.get(edit)).text, typed


@pytest.mark.requirement("R177")
async def test_a_return_names_its_fields_and_the_form_shows_the_reasons(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, FORM)
    case = edit.removesuffix("/edit")
    clerk = await site.signed_in(world, world.university, "clerk")
    empty = await clerk.post(f"{case}/return", {}, page=case)
    assert empty.status_code == 422
    done = await clerk.post(f"{case}/return", {"reason-technical_field": "请写到二级领域"}, page=case)
    assert done.status_code == 303
    page = (await researcher.get(edit)).text
    beside = page.split("请写到二级领域")[1]
    assert re.findall(r'<label[^>]* for="f-([a-z_]+)"', beside)[0] == "technical_field", "beside its field"
    assert "测试甲 1/3\n测试乙 1/3\n测试丙 1/3" in page, "the exact shares stand in the form as they can be sent again"
    assert (await researcher.post(edit, {**FORM, "technical_field": "新材料（催化）"})).status_code == 303
    again = (await clerk.get(case)).text
    assert "待核实" in again
    assert again.count("退回后修改") == 1
    assert "退回时：<del>新材料</del>" in again, "what changed stands beside what it is now"


async def test_a_changed_team_is_told_with_the_names_of_both(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, FORM)
    case = edit.removesuffix("/edit")
    clerk = await site.signed_in(world, world.university, "clerk")
    await clerk.post(f"{case}/return", {"reason-team": "请核对比例"}, page=case)
    await researcher.post(edit, {**FORM, "team": "测试甲 50%\n测试丁 50%"})
    shown = (await clerk.get(case)).text
    assert "测试甲 50%、测试丁 50%" in shown
    assert re.search(r"退回时：<del>测试甲 1/3[^<]*测试乙 1/3[^<]*测试丙 1/3", shown)
    assert shown.count("退回后修改") == 1


async def test_a_reason_for_a_field_that_is_not_there_is_no_reason(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, FORM)
    case = edit.removesuffix("/edit")
    clerk = await site.signed_in(world, world.university, "clerk")
    wrong = await clerk.post(f"{case}/return", {f"reason-{'x' * 300}": "不存在的栏目"}, page=case)
    assert wrong.status_code == 422
    assert "请填写至少一条退回理由" in wrong.text


async def test_one_of_two_clerks_wins_and_the_other_is_told(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, FORM)
    case = edit.removesuffix("/edit")
    first = await site.signed_in(world, world.university, "clerk")
    second = await site.signed_in(world, world.university, "department_head")
    keys = [await one.form_key(case) for one in (first, second)]
    assert (await first.post(f"{case}/register", key=keys[0])).status_code == 303
    late = await second.post(f"{case}/register", key=keys[1])
    assert late.status_code == 409
    assert "已登记" in late.text


async def test_the_same_form_twice_has_one_effect(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    key = await researcher.form_key(NEW)
    first = await researcher.post(NEW, OPEN, key=key)
    second = await researcher.post(NEW, OPEN, key=key)
    assert first.headers["location"] == second.headers["location"]
    async with world.acting(world.university) as tx:
        assert await tx.scalar(select(func.count()).select_from(disclosure)) == 1


async def test_a_name_that_the_ledger_has_is_refused_with_the_article(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    clerk = await site.signed_in(world, world.university, "clerk")
    answers: list[Any] = []
    for name in (FORM["name"], FORM["name"].replace("一种", "一种 ")):
        edit = await begun(researcher)
        await researcher.post(edit, {**FORM, "name": name})
        case = edit.removesuffix("/edit")
        answers.append(await clerk.post(f"{case}/register", page=case))
    assert [answer.status_code for answer in answers] == [303, 422]
    assert "唯一识别" in answers[1].text


async def test_nobody_else_sees_a_disclosure(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    case = (await begun(researcher)).removesuffix("/edit")
    unknown = "/institution/disclosures/00000000-0000-7000-8000-000000000000"
    stranger = await site.signed_in(world, world.hospital, "clerk")
    mine, none = await stranger.get(case), await stranger.get(unknown)
    assert (mine.status_code, none.status_code) == (404, 404)
    assert mine.content == none.content
    leader = await site.signed_in(world, world.university, "leadership")
    assert (await leader.get(case)).status_code == 403
    assert (await site.anonymous().get(case)).status_code == 303


async def test_options_that_the_province_does_not_have_are_named_beside_the_other_faults(
    site: Site, world: World
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    wrong = {"name": "", "type": "x", "stage": "y", "funding": "z", "team": "测试甲 9/2", "technical_field": "新材料"}
    answer = await researcher.post(edit, {**FORM, **wrong})
    assert answer.status_code == 422
    assert answer.text.count("不是本省规定的选项") >= 3
    assert "请填写成果名称" in answer.text
    assert "比例应在" in answer.text
    assert "测试甲 9/2" in answer.text


async def test_one_may_take_ones_own_disclosure_back(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    case = edit.removesuffix("/edit")
    assert (await researcher.post(f"{case}/withdraw", page=case)).status_code == 303
    assert "已撤回" in (await researcher.get(case)).text
    assert (await researcher.client.get(edit)).status_code == 200


@pytest.mark.parametrize("field", ["type", "stage", "funding", "evidence"])
async def test_an_option_that_the_province_does_not_have_is_named(site: Site, world: World, field: str) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    answer = await researcher.post(edit, {**FORM, field: "invented"})
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    assert "不是本省规定的选项" in answer.text
