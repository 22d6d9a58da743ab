"""A team's way: disclosed, verified, applied for, screened, assessed, announced for 15 days, objected to, signed."""

import re

import pytest

from tests.journeys.walking import Enter, Walk

NAME = "一种高寒山区豆科牧草原位加工装置"
OTHER = "一种盐碱湖泊底泥快速检测方法"
CLAUSES = "以台账登记内容和申请所列比例为准，双方已经逐条确认"


async def disclose(walk: Walk, name: str, team: str, pictures: bool) -> None:
    await walk.open("/institution/disclosures", "disclosures" if pictures else "")
    await walk.press("披露成果", "disclosure-gate" if pictures else "")
    if pictures:
        # The question stands before any field; a classified achievement is not kept at all.
        assert await walk.page.locator("main [name=name]").count() == 0
        await walk.choose(classified="suspected", key_technology="no")
        await walk.press("继续填写", "disclosure-stopped", status=422)
        await walk.sees("没有保存任何内容")
    await walk.choose(classified="no", key_technology="no")
    await walk.press("继续填写")
    await walk.fill(name=name, technical_field="农业装备", form="样机", market_prospect="高寒山区饲草加工需求稳定")
    await walk.page.locator("[name=type]").select_option("patent_right")
    await walk.page.locator("[name=stage]").select_option("research")
    await walk.page.locator("[name=funding]").select_option(index=1)
    for box in await walk.page.locator("[name=evidence]").all():
        await box.check()
    await walk.fill(team=team, evidence_elsewhere="科研处档案室，合同号示2026-1")
    if pictures:
        await walk.look("disclosure-edit")
    await walk.press("提交披露", "disclosure-submitted" if pictures else "")
    await walk.heading(name)


async def verify(walk: Walk, name: str, pictures: bool) -> None:
    await walk.open("/institution/disclosures?tab=waiting", "disclosures-waiting" if pictures else "")
    await walk.press(name, "disclosure-verify" if pictures else "")
    await walk.press("核实并登记", "achievement-registered" if pictures else "")
    await walk.heading(name)


async def apply(walk: Walk, name: str, grant: str) -> str:
    """Returns the address of the case."""
    await walk.open(f"/institution/empowerment/new?q={name[:8]}", f"apply-choose-{grant}")
    await walk.page.get_by_label(name).check()
    await walk.choose(grant_type=grant)
    await walk.press("开始填写", f"apply-{grant}")
    case = re.sub(r"/edit.*", "", walk.page.url)
    # Nothing filled in: everything that is wrong is named at once.
    await walk.press("提交申请", f"apply-{grant}-errors", status=422)
    assert await walk.page.locator("#error-title ~ ul li").count() >= 5
    await walk.fill(
        explanation="样机已经通过第三方测试，用途和权利状况清楚。",
        plan="与意向企业共建中试线，两年内完成首次转化。",
        team_information="团队在职，分工明确，内部比例已经书面确认。",
    )
    for box in await walk.page.locator("[name^=confirmed-], [name^=condition-], [name^=evidence-]").all():
        await box.check()
    await walk.page.locator("[name=representative]").select_option(index=1)
    if grant == "ownership":
        await walk.fill(unit_share="30%", team_share="7/10")
        # A wrong share is named beside its field and kept as typed.
        await walk.fill(team_share="七成")
        await walk.press("提交申请", status=422)
        assert await walk.page.locator("[name=team_share]").input_value() == "七成"
        await walk.fill(team_share="70%")
    else:
        await walk.fill(term_first_day="2026-04-01", term_last_day="2036-03-31")
    await walk.press("提交申请", f"case-{grant}-submitted")
    await walk.sees("待排查")
    return case


async def review(walk: Walk, case: str, grant: str) -> str:
    """Screening item by item, feasibility, notice; returns the notice's address."""
    await walk.open(f"{case}/screening", f"screening-{grant}")
    for radio in await walk.page.locator("main input[type=radio][value=no]").all():
        await radio.check()
    await walk.fill(note="逐项对照，均不属于所列情形。")
    await walk.press("提交排查结果")
    await walk.open(f"{case}/feasibility", f"feasibility-{grant}")
    for field in await walk.page.locator("[name^=dimension-]").all():
        await field.fill("样机通过第三方测试，场地、资金和承接方已经落实。")
    await walk.fill(reviewers="段问津、苏知微、陶守拙")
    await walk.choose(conclusion="feasible")
    await walk.press("登记评估", f"case-{grant}-assessed")
    await walk.open(f"{case}/notice", f"announce-{grant}")
    await walk.sees("2026-03-31")
    await walk.press("发布公示", f"case-{grant}-noticed")
    link = walk.page.locator("main a[href^='/institution/notices/']").first
    href = await link.get_attribute("href")
    assert href
    return href


async def object_and_answer(raiser: Walk, answerer: Walk, notice: str) -> None:
    await raiser.open(notice, "notice-running")
    await raiser.sees("2026-03-16 发布，公示至 2026-03-31", "第八条")
    await raiser.press("提交异议", status=422)
    await raiser.fill(body="公示的完成人范围与立项任务书不一致，请核实是否遗漏参与人员。")
    await raiser.press("提交异议", "notice-objected")
    await answerer.open(notice)
    # While it is open nothing can be signed; that is tried with the clock. First the answer.
    await answerer.press("核查并答复", "objection-answer")
    await answerer.fill(answer="经核对立项任务书和实验记录，参与人员均已列入，异议不成立。")
    await answerer.choose(outcome="not_upheld")
    await answerer.page.locator("[name=result_published]").check()
    await answerer.press("答复异议", "notice-answered")
    await answerer.sees("异议不成立")


async def fill_agreement(walk: Walk, case: str) -> None:
    await walk.open(f"{case}/agreement")
    for clause in await walk.page.locator("[name^=clause-]").all():
        await clause.fill(CLAUSES)
    for box in await walk.page.locator("[name=opinions_heard]").all():
        await box.check()


@pytest.mark.requirement("R033")
async def test_a_team_is_empowered_with_ownership_and_another_with_a_use_right(enter: Enter) -> None:
    researcher, other = await enter("dianchi-researcher1"), await enter("dianchi-researcher2")
    clerk, head, leader = await enter("dianchi-clerk"), await enter("dianchi-head"), await enter("dianchi-leader")
    await disclose(researcher, NAME, "罗远山 1/2\n和映雪 1/2", pictures=True)
    await disclose(other, OTHER, "和映雪 60%\n阿木清扬 40%", pictures=False)
    await verify(clerk, NAME, pictures=True)
    await verify(clerk, OTHER, pictures=False)
    owned = await apply(researcher, NAME, "ownership")
    used = await apply(other, OTHER, "use_right")
    notice = await review(clerk, owned, "ownership")
    await review(clerk, used, "use_right")
    await object_and_answer(leader, clerk, notice)

    # On the fifteenth day the period still runs: its last day is a whole day.
    await head.open("/institution/")
    await head.move_clock("2026-03-31T16:00")
    for case, grant in ((owned, "ownership"), (used, "use_right")):
        await fill_agreement(head, case)
        await head.press("登记已签署的协议", f"agreement-{grant}-refused", status=422)
        await head.sees("未办理", "第八条", "公示")
        assert await head.page.locator(".cite-quote").count() >= 1
        assert await head.page.locator("[name^=clause-]").first.input_value() == CLAUSES
    await head.open("/institution/", "workbench-of-the-head")
    await head.move_clock("2026-04-01T09:00")
    for case, grant in ((owned, "ownership"), (used, "use_right")):
        await fill_agreement(head, case)
        await head.look(f"agreement-{grant}")
        await head.press("登记已签署的协议", f"case-{grant}-agreed")
        await head.sees("2026-04-01")
    await clerk.open(f"{owned}/formality", "formality")
    for field in await clerk.page.locator("[name^=evidence-]").all():
        await field.fill("共有变更登记通知书（演示）")
    for field in await clerk.page.locator("[name^=done_on-]").all():
        await field.fill("2026-04-01")
    await clerk.press("登记办理结果", "case-formalised")
    await clerk.sees("手续办结")


async def test_an_institution_in_no_pilot_of_the_guideline_is_refused_with_article_3(enter: Enter) -> None:
    researcher = await enter("cangshan-researcher1")
    await researcher.open("/institution/empowerment/new", "not-in-the-pilot")
    await researcher.sees("现在不能申请赋权", "第三条", "规则版本")
    assert await researcher.page.locator(".cite-quote").count() >= 1
    assert await researcher.page.locator("form[action='/institution/empowerment/new'][method=post]").count() == 0
