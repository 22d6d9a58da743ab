"""What a visitor sees of the lists, through the whole application."""

import csv
import hashlib
import io
import re
from uuid import UUID
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook

from services.negative_list.drafting.workflow import draft_version
from services.negative_list.publication import cache
from services.negative_list.queries import version_in_force
from services.negative_list.workflow import open_consultation
from shared.clock import real_now
from shared.ids import new_id
from tests.services.negative_list.steps import RULE, current_round, officer, published
from tests.web import Site
from tests.world import START, World, make_world

TODAY = START.date()
pytestmark = pytest.mark.usefixtures("legal_clock")


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
        "有效期3年的最后一天是2028年11月8日还是11月9日？",
    ):
        assert words in answer.text
    rule = re.sub(r"<[^>]+>", "", answer.text.partition("公示期为15天。")[2].partition("</tr>")[0])
    assert "天数：15" in rule
