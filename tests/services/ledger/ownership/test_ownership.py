"""Whose an achievement is: exact shares that make one whole, over time, known as of a day."""

from datetime import date
from fractions import Fraction

import pytest

from services.ledger import queries
from services.ledger.ownership import queries as own
from services.ledger.ownership import workflow
from services.ledger.ownership.rules import Owner, owner_of, owners_of, percent
from services.ledger.workflow import revoke
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.test_pages import HOME, made
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

HALVES = (Owner("本单位", Fraction(1, 2)), Owner("完成人（团队）", Fraction(1, 2)))
WHOLE = (Owner("本单位", Fraction(1)),)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("本单位 50%\n示例企业 50.01%", "合计为 100.01%"),
        ("甲 33.33%\n乙 33.33%\n丙 33.33%", "合计为 99.99%"),
        ("甲 1/3\n乙 1/3", "合计为 2/3"),
        ("甲 1/2\n甲 1/2", "甲重复填写"),
        ("本单位", "没有写明比例"),
        ("本单位 0%\n示例企业 100%", "应当大于 0"),
        ("示例企业 91110000600037341X 100%", "校验不符"),
        ("示例企业 120%", "0 与 100% 之间"),
    ],
)
def test_what_does_not_make_one_whole_is_told_with_its_sum(words: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        owners_of(words)


def test_thirds_are_exact_and_a_line_reads_back_as_it_was_written() -> None:
    owners = owners_of("甲 1/3\n示例企业 91110000600037341L 1/3\n 丙　１/3".replace("１", "1"))
    assert sum(owner.share for owner in owners) == 1
    assert owners[1].credit_code == "91110000600037341L"
    assert owners_of("\n".join(owner.as_line() for owner in owners)) == owners
    assert [owner_of(owner.as_json()) for owner in owners] == owners
    assert owners_of("") == []


def test_a_sum_that_does_not_end_is_no_rounded_percentage() -> None:
    assert percent(Fraction(2, 3)) == "2/3"
    assert percent(Fraction(10001, 10000)) == "100.01%"
    assert percent(Fraction(1)) == "100%"


async def test_ownership_over_time_stands_as_of_each_day(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        await workflow.record_ownership(tx, row_id, WHOLE, since=date(2026, 3, 2), reason="登记")
    custody = {"agency": "示例知识产权公司", "contract": None, "from": "2026-03-09", "to": None}
    async with world.acting(world.university) as tx:
        await workflow.record_ownership(
            tx, row_id, HALVES, since=date(2026, 3, 9), reason="赋权协议生效", custody=custody
        )
    async with world.acting(world.university) as tx:
        now, before = await own.periods(tx, row_id)
        assert (now.since, now.until, before.since, before.until) == (
            date(2026, 3, 9), None, date(2026, 3, 2), date(2026, 3, 9),
        )  # fmt: skip
        assert [owner_of(one) for one in now.owners] == list(HALVES)
        past = await queries.achievement_detail(tx, row_id, as_of=date(2026, 3, 8))
        assert past is not None
        assert [owner_of(one) for one in past.row.owners] == list(WHOLE)
        changes = await queries.history(tx, row_id)
        assert set(changes[0].fields) == {"owners", "custody"}


async def test_what_cannot_be_recorded_is_refused_and_changes_nothing(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        over = (Owner("本单位", Fraction(1, 2)), Owner("示例企业", Fraction(5001, 10000)))
        for owners, since, revision, code in (
            (WHOLE, date(2026, 3, 1), None, "ledger.before_beginning"),
            (WHOLE, date(2026, 3, 17), None, "ledger.in_future"),
            (WHOLE, date(2026, 3, 9), 9, "state.stale"),
        ):
            done = await workflow.record_ownership(tx, row_id, owners, since=since, reason="x", revision=revision)
            assert isinstance(done, Refusal)
            assert done.code == code
        with pytest.raises(FormInvalid) as wrong:
            await workflow.record_ownership(tx, row_id, over, since=date(2026, 3, 9), reason="x")
        assert "100.01%" in wrong.value.errors["owners"]
        assert await own.periods(tx, row_id) == []
        with pytest.raises(NotFound):
            await workflow.record_ownership(tx, new_id(), WHOLE, since=date(2026, 3, 9), reason="x")
        await revoke(tx, row_id, "重复")
        done = await workflow.record_ownership(tx, row_id, WHOLE, since=date(2026, 3, 9), reason="x")
        assert isinstance(done, Refusal)
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.record_ownership(tx, row_id, WHOLE, since=date(2026, 3, 9), reason="x")


async def test_ownership_by_form(site: Site, world: World) -> None:
    row_id = await made(world)
    page = f"{HOME}/{row_id}/ownership"
    visitor = await site.signed_in(world, world.university)
    assert "没有登记权属" in (await visitor.get(page)).text
    form = {"owners": "本单位 70%\n完成人（团队） 30%", "since": "2026-03-09", "reason": "赋权协议生效"}
    over = await visitor.post(page, {**form, "owners": "本单位 50%\n示例企业 50.01%", "reason": "", "since": ""})
    assert over.status_code == 422
    assert "合计为 100.01%" in over.text
    for field in ("owners", "since", "reason"):
        assert f'href="#f-{field}"' in over.text, field
    wrong = {**form, "custodian": "示例公司", "custody_from": "2026-03-09", "custody_to": "2026-03-08"}
    assert "早于开始日" in (await visitor.post(page, wrong)).text
    assert "请填写托管机构" in (await visitor.post(page, {**form, "contract": "T-1"})).text
    key = await visitor.form_key(page)
    custody = {"custodian": "示例知识产权公司", "contract": "T-1", "declassified_on": "2025-06-01"}
    assert (await visitor.post(page, {**form, **custody}, key=key)).status_code == 303
    assert (await visitor.post(page, {**form, **custody}, key=key)).status_code == 303
    shown = (await visitor.get(page)).text
    for words in ("70%", "示例知识产权公司", "合同 T-1", "2025-06-01", "2026-03-09"):
        assert words in shown, words
    assert "本单位（7/10）" in (await visitor.get(f"{HOME}/{row_id}")).text
    assert (await visitor.post(page, {**form, "revision": "1"})).status_code == 409
    completer = await site.signed_in(world, world.university, "completer")
    assert 'method="post"' not in (await completer.get(page)).text.split("<main")[-1]
    assert (await completer.post(page, form, key=await completer.form_key(HOME))).status_code == 403
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404
