"""The pages of the yearly reports as the application serves them to each audience."""

import io
import re
from collections.abc import AsyncIterator
from uuid import UUID

import openpyxl
import pytest

from services.annual_report.reviewing import workflow as review
from shared.ids import new_id
from tests.services.annual_report.arranging import (
    REPORT,
    TEXTS,
    YEAR,
    frozen,
    handed_over,
    small_ledger,
    submitted,
    written,
)
from tests.services.negative_list.steps import clock_at
from tests.web import Site, Visitor
from tests.world import START, World

HOME = "/institution/reports"
HERE = f"{HOME}/{YEAR}/{REPORT}"
CONSOLE = "/console/reports"
KINDS = ("science", "department", "finance")


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    """Pages read the legal clock of the database: the year 2025 is over, its deadlines are near."""
    async with clock_at(world, START):
        yield


async def officer(site: Site, world: World, kind: str, tenant: UUID | None = None) -> Visitor:
    return await site.signed_in(world, tenant or getattr(world, kind), f"{kind}_officer", kind=kind)


async def accept(world: World, submission_id: UUID) -> None:
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.accept(tx, submission_id) is None


async def test_the_list_names_each_report_with_its_recipients_and_article(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "finance")
    answer = await visitor.get(HOME)
    assert answer.status_code == 200
    assert "科技成果转化年度报告" in answer.text
    assert "第十七条" in answer.text
    assert "由省级主管机关每年确定，尚未公布" in answer.text


async def test_a_clerk_freezes_writes_and_a_head_submits(site: Site, world: World) -> None:
    await small_ledger(world)
    clerk = await site.signed_in(world, world.university, "clerk")
    done = await clerk.post(f"{HERE}/freeze", {}, page=HERE)
    assert (done.status_code, done.headers["location"]) == (303, f"{HERE}?done=done")
    shown = (await clerk.get(HERE)).text
    assert "首次入账" in shown
    assert "软件著作权" in shown
    texts = {f"part:{code}": words for code, words in TEXTS.items()}
    assert (await clerk.post(f"{HERE}/narrative", texts)).status_code == 303
    assert (await clerk.get(f"{HERE}/submit")).status_code == 403
    head = await site.signed_in(world, world.university, "department_head")
    preview = await head.get(f"{HERE}/submit")
    assert "确认报送" in preview.text
    sent = await head.post(f"{HERE}/submit", {})
    assert sent.headers["location"] == f"{HERE}?done=submitted"
    assert "已报送" in (await head.get(HERE)).text


async def test_a_figure_leads_to_its_achievements(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    links = re.findall(r'href="([^"]+/rows\?[^"]+)"', (await visitor.get(HERE)).text)
    assert links
    for link in links:
        assert (await visitor.get(link.replace("&amp;", "&"))).status_code == 200
    added = await visitor.get(f"{HERE}/rows", dimension="type", value="patent_right", column="added")
    assert "新增" in added.text
    assert "旧一" not in added.text
    assert (await visitor.get(f"{HERE}/rows", dimension="name", value="x", column="added")).status_code == 404


async def test_last_years_text_is_the_draft_of_this_years(site: Site, world: World) -> None:
    await small_ledger(world)
    async with world.acting(world.university) as tx:
        from services.annual_report import workflow

        assert isinstance(await workflow.freeze(tx, REPORT, 2024), UUID)
        assert await workflow.save_narrative(tx, REPORT, 2024, {"problems": "上年写的问题。"}) is None
    await frozen(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    written = (await visitor.get(f"{HERE}/narrative")).text
    assert "上年写的问题。" in written
    assert "存在的突出问题和有关建议" in written, "the article that asks for a part stands beside it"
    assert "上年写的问题。" not in (await visitor.get(HERE)).text


async def test_every_wrong_figure_is_named_at_once_and_values_are_kept(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    visitor = await site.signed_in(world, world.university, "clerk")
    wrong = {"type:patent_right:opening": "四", "type:patent_right:closing": "-1", "reason": "说明"}
    answer = await visitor.post(f"{HERE}/figures", wrong)
    assert answer.status_code == 422
    assert "专利权的年初请填写整数" in answer.text
    assert "专利权的年末请填写整数" in answer.text
    assert 'value="四"' in answer.text


async def test_uneven_sums_refuse_the_submission_with_the_figure_expected(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await written(world)
    clerk = await site.signed_in(world, world.university, "clerk")
    form = await clerk.get(f"{HERE}/figures")
    values = dict(re.findall(r'name="((?:type|stage|status|mode):[^"]+)" value="(\d*)"', form.text))
    values |= {"type:patent_right:closing": "9", "reason": "误填"}
    assert (await clerk.post(f"{HERE}/figures", values)).status_code == 303
    head = await site.signed_in(world, world.university, "department_head")
    answer = await head.post(f"{HERE}/submit", {})
    assert answer.status_code == 422
    assert "应为5，所填期末9" in answer.text


async def test_the_same_form_twice_is_one_edition(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await written(world)
    head = await site.signed_in(world, world.university, "department_head")
    key = await head.form_key(f"{HERE}/submit")
    answers = [await head.post(f"{HERE}/submit", {}, key=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    refused = await head.post(f"{HERE}/submit", {}, page=HOME if "form_key" in (await head.get(HOME)).text else HERE)
    assert refused.status_code == 409
    assert "同一年度不能再次报送" in refused.text


async def test_nobody_sees_a_report_without_signing_in(site: Site, world: World) -> None:
    for address in (HOME, HERE, f"{HERE}/workbook", CONSOLE, f"{CONSOLE}/{new_id()}"):
        answer = await site.anonymous().get(address)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


async def test_who_may_only_read_may_not_write(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    visitor = await site.signed_in(world, world.university, "finance")
    for tail in ("narrative", "figures", "submit"):
        assert (await visitor.get(f"{HERE}/{tail}")).status_code == 403
    completer = await site.signed_in(world, world.university, "completer")
    assert (await completer.get(HERE)).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
async def test_an_authority_has_no_page_of_an_institution(site: Site, world: World, kind: str) -> None:
    visitor = await officer(site, world, kind)
    assert (await visitor.get(HERE)).status_code == 404


async def test_another_tenant_sees_its_own_year_only(site: Site, world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    other = await site.signed_in(world, world.institute, "clerk")
    assert "冻结 2025 年末数据" in (await other.get(HERE)).text
    assert (await other.get(f"{HERE}/rows")).status_code == 404


@pytest.mark.requirement("R191")
async def test_what_others_received_is_the_answer_of_an_unknown_report(site: Site, world: World) -> None:
    """Rules 55, 56: another department, science and finance before anything was passed on."""
    await small_ledger(world)
    first = await submitted(world)
    people = [
        await officer(site, world, "department", world.other_department),
        await officer(site, world, "science"),
        await officer(site, world, "finance"),
    ]
    for visitor in people:
        for tail in ("", "/workbook"):
            theirs = await visitor.get(f"{CONSOLE}/{first}{tail}")
            unknown = await visitor.get(f"{CONSOLE}/{new_id()}{tail}")
            assert (theirs.status_code, unknown.status_code) == (404, 404)
            assert len(theirs.text) == len(unknown.text)
    other = people[0]
    for verb in ("accept", "return"):
        form = {"part:problems": "请写具体。"}
        theirs = await other.post(f"{CONSOLE}/{first}/{verb}", form, page=CONSOLE)
        unknown = await other.post(f"{CONSOLE}/{new_id()}/{verb}", form, page=CONSOLE)
        assert (theirs.status_code, unknown.status_code) == (404, 404)
    clerk = await site.signed_in(world, world.university, "clerk")
    assert "还没有主管机关查阅过" in (await clerk.get(HERE)).text


async def test_a_department_returns_at_a_field_and_the_institution_reads_why(site: Site, world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    visitor = await officer(site, world, "department")
    address = f"{CONSOLE}/{first}"
    shown = await visitor.get(address)
    assert "专业人员不足。" in shown.text
    assert "蓝藻" not in shown.text
    assert "旧一" not in shown.text
    empty = await visitor.post(f"{address}/return", {})
    assert empty.status_code == 422
    assert "退回须至少写明一处原因" in empty.text
    done = await visitor.post(f"{address}/return", {"part:problems": "请写具体。"})
    assert done.status_code == 303
    clerk = await site.signed_in(world, world.university, "clerk")
    page = (await clerk.get(HERE)).text
    assert "存在的突出问题" in page
    assert "请写具体。" in page
    assert "测试省教育厅" in page
    assert "查阅报告" in page


async def test_science_and_finance_review_nothing(site: Site, world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    for kind in ("science", "finance"):
        visitor = await officer(site, world, kind)
        assert (await visitor.get(f"{CONSOLE}/{first}/return")).status_code == 403
        assert (await visitor.get(f"{CONSOLE}/aggregate/{YEAR}/{REPORT}")).status_code == 403


async def test_progress_names_who_filed_was_given_back_and_is_missing(site: Site, world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    await small_ledger(world, world.institute)
    await frozen(world, world.institute)
    science = (await (await officer(site, world, "science")).get(CONSOLE)).text
    assert 'data-label="单位">滇池示例大学' in science
    assert "示例医院" in science
    # a draft is no progress
    assert "填报中" not in science
    department = (await (await officer(site, world, "department")).get(CONSOLE)).text
    assert "示例研究院" in department
    assert "示例医院" not in department
    finance = (await (await officer(site, world, "finance")).get(CONSOLE)).text
    assert "报送进度" not in finance
    assert "示例研究院" not in finance


async def test_a_department_passes_its_sum_on_and_each_recipient_reads_it(site: Site, world: World) -> None:
    await small_ledger(world)
    await accept(world, await submitted(world))
    visitor = await officer(site, world, "department")
    batch = f"{CONSOLE}/aggregate/{YEAR}/{REPORT}"
    made = await visitor.post(batch, {})
    assert made.status_code == 303
    address = made.headers["location"].partition("?")[0]
    shown = await visitor.get(address)
    assert "报省科技厅、省财政厅" in re.sub(r"\s", "", shown.text) or "财政" in shown.text
    assert (await visitor.post(f"{address}/forward", {}, page=address)).status_code == 303
    for kind in ("science", "finance"):
        recipient = await officer(site, world, kind)
        links = re.findall(rf'href="({CONSOLE}/[0-9a-f-]{{36}})"', (await recipient.get(CONSOLE)).text)
        assert len(links) == 1
        received = await recipient.get(links[0])
        assert "滇池示例大学" in received.text
        book = openpyxl.load_workbook(io.BytesIO((await recipient.get(f"{links[0]}/workbook")).content))
        assert book.sheetnames == ["汇总", "各单位"]
        assert book["各单位"]["A2"].value == "滇池示例大学"
    clerk = await site.signed_in(world, world.university, "clerk")
    page = (await clerk.get(HERE)).text
    assert "在汇总中查阅" in page or "查阅报告" in page
    assert "测试省财政厅" in page
    assert "已汇总上报" in page


async def test_the_workbook_is_the_one_whose_hash_was_kept(site: Site, world: World) -> None:
    from hashlib import sha256

    await small_ledger(world)
    first = await submitted(world)
    visitor = await officer(site, world, "department")
    answer = await visitor.get(f"{CONSOLE}/{first}/workbook")
    assert sha256(answer.content).hexdigest() in (await visitor.get(f"{CONSOLE}/{first}")).text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = list(book["数据"].iter_rows(min_row=5, values_only=True))
    assert rows[1][:7] == ("成果类型", "专利权", 4, 0, 1, 0, 5)


async def test_the_province_enters_the_day_and_a_wrong_form_says_everything(site: Site, world: World) -> None:
    visitor = await officer(site, world, "science")
    address = f"{CONSOLE}/deadlines"
    wrong = await visitor.post(address, {"hand_over": "", "year": "x", "due_on": "明天", "document": ""})
    assert wrong.status_code == 422
    for message in ("请填写报告和环节", "报告年度请填写整数", "截止日期请按 2026-03-16 的格式填写", "请填写依据文件"):
        assert message in wrong.text
    form = {"hand_over": f"{REPORT}/unit", "year": str(YEAR), "due_on": "2026-04-30", "document": "年度报告通知"}
    assert (await visitor.post(address, form)).status_code == 303
    clerk = await site.signed_in(world, world.university, "clerk")
    assert "2026-04-30" in (await clerk.get(HOME)).text
    department = await officer(site, world, "department")
    assert (await department.get(address)).status_code == 403


async def test_the_next_edition_shows_what_changed(site: Site, world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    visitor = await officer(site, world, "department")
    await visitor.post(f"{CONSOLE}/{first}/return", {"part:problems": "请写具体。"})
    clerk = await site.signed_in(world, world.university, "clerk")
    texts = {f"part:{code}": words for code, words in TEXTS.items()} | {"part:problems": "人员仅三名。"}
    await clerk.post(f"{HERE}/narrative", texts)
    head = await site.signed_in(world, world.university, "department_head")
    assert "与上次报送相比" in (await head.get(f"{HERE}/submit")).text
    second = await handed_over(world)
    shown = (await visitor.get(f"{CONSOLE}/{second}")).text
    assert "与上次报送相比" in shown
    assert "人员仅三名。" in shown
    assert "第 1 次（已有新版）" in shown


async def test_a_department_accepts_on_its_page(site: Site, world: World) -> None:
    submission_id = await submitted(world)
    department = await officer(site, world, "department")
    address = f"/console/reports/{submission_id}"
    done = await department.post(f"{address}/accept", page=address)
    assert done.status_code == 303
    assert "已接收" in (await department.get(address)).text or "接收" in (await department.get(address)).text
