"""Opinions as visitors send them and as the science department reads them, through the whole application."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from services.negative_list.queries import consultation_of, opinions
from services.negative_list.workflow import close_consultation, open_consultation
from shared.audit.tables import audit_entry
from tests.services.negative_list.steps import OPENED, clock_at, current_round, determined, drafted, officer
from tests.web import BASE, Site
from tests.world import World

pytestmark = pytest.mark.usefixtures("legal_clock")


async def test_an_opinion_without_an_account_gets_a_receipt_once(site: Site, seeded: World) -> None:
    round_id = await current_round(seeded)
    address = f"/{seeded.slug}/consultations/{round_id}"
    visitor = site.anonymous()
    key = await visitor.form_key(address)
    form = {"body": "建议<script>alert(1)</script>写明认定部门", "item_code": "YN-FQ-003"}
    first = await visitor.post(address, form, key=key)
    second = await visitor.post(address, form, key=key)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    receipt = first.headers["location"].rpartition("/")[2]
    shown = await visitor.get(first.headers["location"])
    assert receipt in shown.text
    async with officer(seeded) as tx:
        [opinion] = await opinions(tx, round_id)
    assert (opinion.receipt, opinion.body) == (receipt, "建议<script>alert(1)</script>写明认定部门")
    page = await (await site.signed_in(seeded, seeded.science, "science_officer", kind="science")).get(
        f"/console/lists/opinions/{round_id}"
    )
    assert "建议&lt;script&gt;alert(1)&lt;/script&gt;写明认定部门" in page.text
    assert "<script>alert" not in page.text


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


async def test_two_hundred_opinions_of_one_address_in_a_minute_wait_and_none_is_half_stored(
    site: Site, seeded: World
) -> None:
    round_id = await current_round(seeded)
    visitor = site.anonymous()
    transport = httpx.ASGITransport(app=site.app, client=("192.0.2.200", 1))  # type: ignore[arg-type]
    visitor.client = httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60)
    address = f"/{seeded.slug}/consultations/{round_id}"
    taken, told = 0, []
    for number in range(200):
        answer = await visitor.client.post(address, data={"body": f"第{number}条意见", "form_key": uuid4().hex})
        if answer.status_code == 303:
            taken += 1
        else:
            told.append(answer)
    assert {answer.status_code for answer in told} == {429}
    assert 10 <= taken <= 15
    for answer in (told[0], told[-1]):
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert 'lang="zh-CN"' in answer.text
        words = answer.text.replace("\u2060", "")
        assert f"请 {answer.headers['retry-after']} 秒后再提交；本次内容没有保存" in words
    async with officer(seeded) as tx:
        kept = await opinions(tx, round_id)
        assert await tx.scalar(
            select(func.count())
            .select_from(audit_entry)
            .where(audit_entry.c.tenant_id == seeded.science, audit_entry.c.address == "192.0.2.200")
        ) == len(kept)
    assert len(kept) == taken
    # Somebody else is not made to wait.
    other = await site.anonymous().post(address, {"body": "另一人的意见"})
    assert other.status_code == 303


async def test_publication_with_an_unanswered_opinion_is_refused_on_the_page(site: Site, world: World) -> None:
    version_id = await drafted(world)
    async with officer(world, at=OPENED) as tx:
        assert await open_consultation(tx, version_id, 30) is None
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    async with clock_at(world, OPENED):
        sent = await site.anonymous().post(f"/{world.slug}/consultations/{round_.id}", {"body": "请写明认定部门"})
    assert sent.status_code == 303
    async with officer(world, at=OPENED + timedelta(days=31)) as tx:
        assert await close_consultation(tx, version_id) is None
    await determined(world, version_id)
    chief = await site.signed_in(world, world.science, "science_head", kind="science")
    address = f"/console/lists/{version_id}"
    refused = await chief.post(f"{address}/publication", {"effective_on": "2026-04-01"}, page=address)
    assert refused.status_code == 422
    assert "第五条" in refused.text
    assert "意见" in refused.text
    assert (await site.anonymous().get(f"/{world.slug}/lists/empowerment/1")).status_code == 404
