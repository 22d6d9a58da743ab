"""What a visitor and the science department see of the lists, through the whole application."""

import csv
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from deploy.demo.lists import seed_lists
from services.negative_list.drafting.workflow import draft_version
from services.negative_list.models import ListState
from services.negative_list.publication import cache
from services.negative_list.queries import consultation_of, opinions, version_in_force, version_row
from services.negative_list.workflow import open_consultation
from shared.clock import real_now
from shared.ids import new_id
from tenants import isolation
from tests.services.negative_list.steps import RULE, clock_at, consulted, drafted, officer, published
from tests.web import Site
from tests.world import START, World, make_world

TODAY = START.date()


@pytest.fixture(autouse=True)
async def _legal_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Pages read the legal clock of the database: it stands at the demo's first instant, and is put back afterwards.

    The process keeps its provinces for two seconds; a test's province is new.
    """
    monkeypatch.setattr(isolation, "_PROVINCES_SECONDS", -1.0)
    async with clock_at(world, START):
        yield


@pytest.fixture
async def seeded(world: World) -> World:
    async with officer(world) as tx:
        await seed_lists(tx)
    return world


async def current_round(world: World) -> UUID:
    async with officer(world) as tx:
        found = await tx.scalar(text("select id from app.list_consultation order by published_at desc limit 1"))
        assert isinstance(found, UUID)
        return found


# The public ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R013")
async def test_the_list_in_force_stands_on_the_public_page_without_a_session(site: Site, seeded: World) -> None:
    answer = await site.anonymous().get(f"/{seeded.slug}/lists/empowerment")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    for words in ("第 2 版", "现行有效", "2026-02-06", "2026-02-10", "2026-03-01", "未终止", "YN-FQ-010"):
        assert words in answer.text
    assert "现行 9 条，已终止 1 条" in answer.text
    assert "第 3 版草案正在公开征求意见" in answer.text
    assert "第 7/30 天" in answer.text
    for quote in (
        "影响重大利益的职务科技成果,即",
        "包含国家秘密且在解密之前的成果",
        "经专业伦理审查机构判定违背伦理准则",
    ):
        assert quote in answer.text


async def test_a_province_leads_on_to_its_list_and_an_unknown_one_is_not_found(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    front = await visitor.get(f"/{seeded.slug}/")
    assert (front.status_code, front.headers["location"]) == (303, f"/{seeded.slug}/lists/empowerment")
    assert seeded.slug in (await visitor.get("/")).text
    for path in ("", "/lists", "/lists/empowerment", "/lists/empowerment/1", "/pilots", "/policy", "/consultations"):
        assert (await visitor.get(f"/nowhere{path}")).status_code == 404


async def test_what_is_not_published_is_not_found(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    for path in ("3", "4", "1/pdf", "3/json", "compare?from=1&to=9", "unknown"):
        assert (await visitor.get(f"/{seeded.slug}/lists/empowerment/{path}")).status_code == 404, path
    for path in ("lists/unknown", "lists/items/YN-FQ-011", "lists/items/x", f"consultations/{new_id()}"):
        assert (await visitor.get(f"/{seeded.slug}/{path}")).status_code == 404, path


async def test_a_province_shows_none_of_anothers_lists(site: Site, seeded: World) -> None:
    other = await make_world(seeded.maintenance, seeded.web, seeded.tasks)
    visitor = site.anonymous()
    round_id = await current_round(seeded)
    assert (await visitor.get(f"/{other.slug}/lists/empowerment")).status_code == 404
    assert (await visitor.get(f"/{other.slug}/lists/items/YN-FQ-001")).status_code == 404
    assert (await visitor.get(f"/{other.slug}/consultations/{round_id}")).status_code == 404
    assert "YN-FQ" not in (await visitor.get(f"/{other.slug}/lists")).text


async def test_a_past_day_shows_the_list_of_that_day(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    before = (await visitor.get(f"/{seeded.slug}/lists/empowerment", on="2026-02-28")).text
    assert "现行 8 条，已终止 0 条" in before
    assert "可能引发群体性风险的成果" in before
    after = (await visitor.get(f"/{seeded.slug}/lists/empowerment", on="2026-03-01")).text
    assert "现行 9 条，已终止 1 条" in after
    none = await visitor.get(f"/{seeded.slug}/lists/empowerment", on="2025-11-01")
    assert none.status_code == 200
    assert "没有有效的清单" in none.text
    assert (await visitor.get(f"/{seeded.slug}/lists/empowerment", on="不是日期")).status_code == 200


async def test_filters_leave_only_what_was_asked_for(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    found = (await visitor.get(f"/{seeded.slug}/lists/empowerment", q="实验动物")).text
    assert "YN-FQ-007</span>" in found
    assert "YN-FQ-001</span>" not in found
    former = (await visitor.get(f"/{seeded.slug}/lists/empowerment", state="former")).text
    assert "YN-FQ-008</span>" in former
    assert "YN-FQ-002</span>" not in former


@pytest.mark.requirement("R014")
async def test_versions_and_items_have_permanent_addresses_and_former_ones_stay(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    first = (await visitor.get(f"/{seeded.slug}/lists/empowerment/1")).text
    assert "第 1 版" in first
    assert "已终止" in first
    item = (await visitor.get(f"/{seeded.slug}/lists/items/YN-FQ-008")).text
    assert "已终止" in item
    assert "转化应用可能引发群体性事件的" in item
    assert "第 2 版并入 YN-FQ-002" in item


async def test_two_versions_are_compared_item_by_item_and_word_by_word(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    compared = (await visitor.get(f"/{seeded.slug}/lists/empowerment/compare", **{"from": 1, "to": 2})).text
    assert '<ins class="diff-new">群体性、系统性</ins>' in compared
    assert "新增" in compared
    assert "终止" in compared
    draft = (await visitor.get(f"/{seeded.slug}/lists/empowerment/compare", **{"from": 2, "to": 3})).text
    assert "第 3 版草案" in draft
    assert "YN-FQ-011" in draft


async def test_downloads_are_whole_and_their_hashes_are_shown(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    page = (await visitor.get(f"/{seeded.slug}/lists/empowerment/2")).text
    files = {form: await visitor.get(f"/{seeded.slug}/lists/empowerment/2/{form}") for form in ("json", "csv", "xlsx")}
    for answer in files.values():
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]
        assert hashlib.sha256(answer.content).hexdigest() in page
    async with seeded.acting(seeded.university) as tx:
        version = await version_in_force(tx, TODAY)
    assert version is not None
    assert hashlib.sha256(files["json"].content).hexdigest() == version.hash
    assert len(files["json"].json()["items"]) == 10
    rows = list(csv.reader(io.StringIO(files["csv"].content.decode("utf-8-sig"))))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"].content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [row[0] for row in sheet[5:]]
    again = await visitor.get(f"/{seeded.slug}/lists/empowerment/2/xlsx")
    assert again.content == files["xlsx"].content


async def test_a_cell_that_looks_like_a_formula_is_no_formula(site: Site, world: World) -> None:
    await published(world, ("=1+1", "@cmd"))
    csv_file = await site.anonymous().get(f"/{world.slug}/lists/empowerment/1/csv")
    titles = [row[2] for row in csv.reader(io.StringIO(csv_file.content.decode("utf-8-sig")))]
    assert titles[1:] == ["'=1+1", "'@cmd"]


async def test_the_feed_names_versions_and_consultations_newest_first(site: Site, seeded: World) -> None:
    answer = await site.anonymous().get(f"/{seeded.slug}/lists/empowerment/atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    titles = [e.text for e in feed.iterfind("{*}entry/{*}title")]
    assert titles[0] == "第 3 版草案公开征求意见"
    assert len(titles) == 5


async def test_a_page_that_has_not_changed_is_not_sent_again(site: Site, seeded: World) -> None:
    visitor = site.anonymous()
    first = await visitor.get(f"/{seeded.slug}/lists/empowerment")
    again = await visitor.client.get(
        f"/{seeded.slug}/lists/empowerment", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


async def test_a_kept_page_asks_the_database_once_a_second_and_shows_the_change(site: Site, world: World) -> None:
    await published(world, effective_on=TODAY)
    address = f"/{world.slug}/lists/empowerment"
    visitor = site.anonymous()
    assert "第 1 版" in (await visitor.get(address)).text
    kept = next(k for place, k in cache._kept.items() if place[1] == address)
    checked = kept.checked
    assert (await visitor.get(address)).status_code == 200
    assert kept.checked == checked
    async with officer(world) as tx:
        second = await draft_version(tx, RULE, "测试负面清单")
        assert isinstance(second, UUID)
        assert await open_consultation(tx, second, 30) is None
    kept.checked = real_now().timestamp() - 2 * cache.SECONDS
    assert "第 2 版草案正在公开征求意见" in (await visitor.get(address)).text


async def test_a_kept_page_is_sent_with_the_same_headers_and_to_its_own_address_only(site: Site, seeded: World) -> None:
    address = f"/{seeded.slug}/lists/empowerment"
    visitor = site.anonymous()
    confirmed = await visitor.get(f"{address}?done=saved")
    first = await visitor.get(address)
    kept = await visitor.get(address)
    assert "已保存" in confirmed.text
    assert "已保存" not in first.text
    assert kept.content == first.content
    own = {"x-request-id", "date"}
    assert {k: v for k, v in kept.headers.items() if k not in own} == {
        k: v for k, v in first.headers.items() if k not in own
    }
    assert "content-security-policy" in kept.headers
    head = await visitor.client.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


async def test_markup_in_an_item_is_shown_as_text(site: Site, world: World) -> None:
    await published(world, ("<script>alert(1)</script>",))
    answer = await site.anonymous().get(f"/{world.slug}/lists/empowerment")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


# Opinions -----------------------------------------------------------------------------------------------------------------


async def test_an_opinion_without_an_account_gets_a_receipt_once(site: Site, seeded: World) -> None:
    round_id = await current_round(seeded)
    address = f"/{seeded.slug}/consultations/{round_id}"
    visitor = site.anonymous()
    key = await visitor.form_key(address)
    form = {"body": "建议<b>写明</b>认定部门", "item_code": "YN-FQ-003"}
    first = await visitor.post(address, form, key=key)
    second = await visitor.post(address, form, key=key)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    receipt = first.headers["location"].rpartition("/")[2]
    shown = await visitor.get(first.headers["location"])
    assert receipt in shown.text
    async with officer(seeded) as tx:
        [opinion] = await opinions(tx, round_id)
    assert (opinion.receipt, opinion.body) == (receipt, "建议<b>写明</b>认定部门")
    page = await (await site.signed_in(seeded, seeded.science, "science_officer", kind="science")).get(
        f"/console/lists/opinions/{round_id}"
    )
    assert "建议&lt;b&gt;写明&lt;/b&gt;认定部门" in page.text


@pytest.mark.parametrize(("body", "message"), [("", "请填写意见内容"), ("字" * 5001, "不能超过 5000 字")])
async def test_an_opinion_of_nothing_or_too_much_comes_back_with_its_words(
    site: Site, seeded: World, body: str, message: str
) -> None:
    round_id = await current_round(seeded)
    address = f"/{seeded.slug}/consultations/{round_id}"
    answer = await site.anonymous().post(address, {"body": body, "item_code": "YN-FQ-003"})
    assert answer.status_code == 422
    assert message in answer.text
    assert 'value="YN-FQ-003" selected' in answer.text
    async with officer(seeded) as tx:
        assert await opinions(tx, round_id) == []


async def test_an_opinion_of_ten_megabytes_is_refused_unread(site: Site, seeded: World) -> None:
    round_id = await current_round(seeded)
    answer = await site.anonymous().post(f"/{seeded.slug}/consultations/{round_id}", {"body": "x" * 10_000_000})
    assert answer.status_code == 413
    async with officer(seeded) as tx:
        assert await opinions(tx, round_id) == []


# The policy ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R001", "R002")
async def test_the_policy_page_shows_article_quote_value_and_what_is_in_doubt(site: Site, world: World) -> None:
    answer = await site.anonymous().get(f"/{world.slug}/policy")
    assert answer.status_code == 200
    for words in (
        "云科规〔2025〕5号",
        "2025-10-08 印发",
        "2025-11-09 起施行",
        "云办发〔2021〕36号",
        "审核通过后,试点单位应将赋权信息在单位内部进行公示,公示期为15天。",
        "notices.empowerment.days",
        "有效期3年的最后一天是2028年11月8日还是11月9日？",
    ):
        assert words in answer.text


# The science department ---------------------------------------------------------------------------------------------------


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
