"""What came in of a conversion: instalments one by one, corrected by versions, as of any day, beside what was agreed."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.home.dashboard import queries as dashboard
from services.ledger import workflow as ledger
from services.ledger.entry import Deal
from services.ledger.payments import queries, workflow
from services.ledger.payments.workflow import Payment
from services.ledger.points import Point
from shared.db.records import outbox, workflow_event
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

LEDGER = "/institution/ledger"
PDF = b"%PDF-1.4 voucher"
DEAL = Deal("licence", "示例公司", signed_on=date(2026, 3, 3), amount=Decimal("900000.00"), terms="分三期支付")


async def sold(world: World, name: str = "一种高原湖泊蓝藻原位絮凝装置") -> tuple[UUID, UUID]:
    """(achievement, conversion)."""
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, name)
        conversion = await ledger.record_conversion(tx, row_id, DEAL)
        assert isinstance(conversion, UUID), conversion
    return row_id, conversion


def paid(conversion: UUID, amount: str = "300000.00", day: int = 5, **more: Any) -> Payment:
    values = {"kind": "instalment", "reference": "银 2026-031", **more}
    return Payment(conversion, date(2026, 3, day), Decimal(amount), **values)


async def recorded(world: World, row_id: UUID, payment: Payment) -> UUID:
    async with world.acting(world.university, "finance") as tx:
        done = await workflow.record_payment(tx, row_id, payment)
        assert isinstance(done, UUID), done
        return done


async def test_instalments_are_counted_one_by_one_beside_what_was_agreed(world: World) -> None:
    row_id, conversion = await sold(world)
    async with world.acting(world.university) as tx:
        assert await queries.received_by_year(tx) == {}, "nothing received is no year with 0"
        assert dict(await dashboard.funnel(tx))["已到账"] == 0
    await recorded(world, row_id, paid(conversion))
    await recorded(world, row_id, paid(conversion, "200000.50", 10, kind="royalty"))
    async with world.acting(world.university) as tx:
        assert (await queries.received_by_year(tx))[2026] == queries.Received(2, Decimal("500000.50"))
        assert dict(await dashboard.funnel(tx))["已到账"] == 1, "an achievement counts once"
        (year,) = await dashboard.income(tx)
        assert (year.year, year.total, year.received) == (2026, Decimal("900000.00"), Decimal("500000.50"))
        for day, count in ((4, 0), (5, 1), (9, 1), (10, 2)):
            found = await queries.payments_of(tx, row_id, Point(date(2026, 3, day)))
            assert len(found) == count, day
        events = await tx.rows(select(workflow_event.c.event).where(workflow_event.c.case_id == row_id))
        assert [one.event for one in events].count("payment_recorded") == 2
    async with world.working(world.university) as tx:
        news = await tx.rows(
            select(outbox.c.payload).where(outbox.c.tenant_id == tx.tenant_id, outbox.c.kind == "push")
        )
        assert {one.payload["event"] for one in news} == {"payment.recorded"}
        assert "示例公司" not in str([one.payload for one in news])


async def test_a_correction_is_another_version_and_the_earlier_one_stays_known(world: World) -> None:
    row_id, conversion = await sold(world)
    payment_id = await recorded(world, row_id, paid(conversion))
    async with world.acting(world.university, "finance") as tx:
        before = await tx.recorded_now()
        corrected = paid(conversion, "310000.00", 6)
        assert (
            await workflow.correct_payment(tx, row_id, payment_id, corrected, reason="回单金额有误", revision=1) is None
        )
        late = await workflow.correct_payment(tx, row_id, payment_id, corrected, reason="x", revision=1)
        assert isinstance(late, Refusal)
        assert late.status == 409
        (now,) = await queries.payments_of(tx, row_id)
        assert (now.amount, now.received_on, now.revision, now.reason) == (
            Decimal("310000.00"), date(2026, 3, 6), 2, "回单金额有误",
        )  # fmt: skip
        (then,) = await queries.payments_of(tx, row_id, Point(None, before))
        assert (then.amount, then.received_on) == (Decimal("300000.00"), date(2026, 3, 5))
        assert await workflow.remove_payment(tx, row_id, payment_id, reason="重复登记") is None
        assert await queries.payments_of(tx, row_id) == []
        assert await queries.received_by_year(tx) == {}
        assert len(await queries.payments_of(tx, row_id, Point(None, before))) == 1
        for again in (
            await workflow.remove_payment(tx, row_id, payment_id, reason="x"),
            await workflow.correct_payment(tx, row_id, payment_id, corrected, reason="x"),
        ):
            assert isinstance(again, Refusal)


async def test_what_is_not_the_tenants_or_not_yet_is_not_recorded(world: World) -> None:
    row_id, conversion = await sold(world)
    other, _ = await sold(world, "另一项")
    async with world.acting(world.university, "finance") as tx:
        future = await workflow.record_payment(tx, row_id, paid(conversion, day=17))
        assert isinstance(future, Refusal)
        for achievement, of in ((other, conversion), (row_id, new_id()), (new_id(), conversion)):
            with pytest.raises(NotFound):
                await workflow.record_payment(tx, achievement, paid(of))
    payment_id = await recorded(world, row_id, paid(conversion))
    async with world.acting(world.institute, "finance") as tx:
        with pytest.raises(NotFound):
            await workflow.record_payment(tx, row_id, paid(conversion))
        with pytest.raises(NotFound):
            await workflow.remove_payment(tx, row_id, payment_id, reason="x")
    async with world.acting(world.university) as tx:
        await ledger.revoke(tx, row_id, "重复")
        assert isinstance(await workflow.record_payment(tx, row_id, paid(conversion)), Refusal)
        assert await queries.received_by_year(tx) == {}, "what was revoked is no income"


async def test_the_page_of_finance(site: Site, world: World) -> None:
    row_id, conversion = await sold(world)
    page = f"{LEDGER}/{row_id}/payments"
    finance = await site.signed_in(world, world.university, "finance")
    leader = await site.signed_in(world, world.university, "leadership")
    assert "还没有到账" in (await leader.get(page)).text
    files = {"file": ("", b"", "application/octet-stream")}
    wrong = await finance.upload(page, files, {"amount": "0"})
    assert wrong.status_code == 422
    for field in ("conversion_id", "received_on", "amount", "kind", "reference"):
        assert f'href="#f-{field}"' in wrong.text, field
    form = {
        "conversion_id": str(conversion),
        "received_on": "2026-03-05",
        "amount": "300,000",
        "kind": "instalment",
        "reference": "银 2026-031",
    }
    bad = await finance.upload(page, {"file": ("a.pdf", b"MZ\x90", "application/pdf")}, form)
    assert bad.status_code == 422
    assert 'href="#f-file"' in bad.text
    done = await finance.upload(page, {"file": ("回单.pdf", PDF, "application/pdf")}, form)
    assert done.status_code == 303, done.text
    shown = (await leader.get(page)).text
    for words in ("到账 1 笔，共 30.00 万元", "约定金额中还有 60.00 万元没有到账", "回单.pdf", "银 2026-031"):
        assert words in shown, words
    assert (await leader.post(page, form, key=await leader.form_key("/institution/sessions"))).status_code == 403
    async with world.acting(world.university) as tx:
        (payment,) = await queries.payments_of(tx, row_id)
    opened = f"{page}?payment={payment.id}"
    assert "更正的理由" in (await finance.get(opened)).text
    target = f"{page}/{payment.id}"
    assert (await finance.post(target, form, page=opened)).status_code == 422
    correction = {**form, "amount": "310000", "reason": "回单金额有误", "revision": "1"}
    assert (await finance.post(target, correction, page=opened)).status_code == 303
    assert "回单金额有误" in (await finance.get(page)).text
    assert (await finance.post(target, correction, page=opened)).status_code == 409
    assert "还没有到账" in (await finance.get(page, as_of="2026-03-04")).text
    assert (await finance.post(f"{target}/remove", {"reason": ""}, page=opened)).status_code == 422
    assert (await finance.post(f"{target}/remove", {"reason": "重复"}, page=opened)).status_code == 303
    assert "还没有到账" in (await finance.get(page)).text
    assert (await finance.post(f"{target}/remove", {"reason": "重复"}, page="/institution/sessions")).status_code == 409
    assert "到账" in (await finance.get("/institution/dashboard")).text
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404
