"""Rights by form: several per achievement, terms and fees counted, to-dos, history, refusals."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from services.ledger import queries
from services.ledger.entry import Right
from services.ledger.rights import queries as right_queries
from services.ledger.rights import workflow
from shared.db.records import decision
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.test_pages import HOME, made
from tests.services.ledger.test_workflow import registered
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

NUMBER = "201810862228.X"
FORM = {
    "number": "ZL2018 1 0862228.X",
    "kind": "patent_right",
    "status": "granted",
    "applied_on": "2018-08-01",
    "granted_on": "2021-05-11",
    "since": "2026-03-10",
    "reason": "补充专利证书",
}
PATENT = Right(NUMBER, "patent_right", applied_on=date(2018, 4, 20), granted_on=date(2021, 3, 11), fee_year=8)


async def recorded(world: World, name: str = "一种高原湖泊蓝藻原位絮凝装置", right: Right = PATENT) -> UUID:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, name)
        done = await workflow.record_right(tx, row_id, right, since=date(2026, 3, 10), reason="补充")
        assert not isinstance(done, Refusal), done
        return row_id


async def test_several_rights_by_form_with_their_terms_and_the_next_fee(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/rights"
    assert "没有登记权利" in (await visitor.get(page)).text
    done = await visitor.post(page, FORM)
    assert done.status_code == 303, done.text
    software = {**FORM, "number": "2020SR0000001", "kind": "software_copyright", "published_on": "2020-05-06"}
    assert (await visitor.post(page, software)).status_code == 303
    shown = (await visitor.get(page)).text
    for words in (
        NUMBER,
        "原写作 ZL2018 1 0862228.X",
        "2038-08-01",
        "第四十二条",
        "2070-12-31",
        "第 4 年度",
        "原文待核",
    ):
        assert words in shown, words
    assert "（已逾期" not in shown
    edited = await visitor.get(f"{page}?number={NUMBER}")
    assert f"更改 {NUMBER}" in edited.text
    lapsed = {**FORM, "replaces": NUMBER, "status": "lapsed", "reason": "未缴年费终止"}
    assert (await visitor.post(page, lapsed)).status_code == 303
    assert "失效" in (await visitor.get(page)).text
    history = (await visitor.get(f"{HOME}/{row_id}")).text
    assert "未缴年费终止" in history
    async with world.acting(world.university) as tx:
        before = await queries.achievement_detail(tx, row_id, as_of=date(2026, 3, 9))
        assert before is not None
        assert before.rights == []


async def test_wrong_numbers_and_days_come_back_all_at_once(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/rights"
    wrong = {**FORM, "number": "ZL201810862228.1", "granted_on": "2018-07-31", "status": "valid", "kind": "patent"}
    answer = await visitor.post(page, {**wrong, "kind": "patent_right"})
    assert answer.status_code == 422
    assert "校验位应为 X，填写的是 1" in answer.text
    for field in ("number", "granted_on", "status"):
        assert f'href="#f-{field}"' in answer.text, field
    empty = await visitor.post(page, {"number": "", "reason": "", "since": ""})
    for field in ("number", "kind", "status", "since", "reason"):
        assert f'href="#f-{field}"' in empty.text, field
    assert (await visitor.post(page, {**FORM, "since": "2026-03-01"})).status_code == 422, "before it was in the ledger"
    assert (await visitor.post(page, {**FORM, "revision": "9"})).status_code == 409


@pytest.mark.requirement("R187")
async def test_the_end_of_a_term_is_called_to_mind_and_then_its_loss(world: World) -> None:
    right = Right(NUMBER, "software_copyright", granted_on=date(2021, 3, 11), expires_on=date(2026, 9, 12))
    await recorded(world, right=right)
    for day, action in (("2026-03-15", None), ("2026-03-16", "查看"), ("2026-09-13", "登记丧失")):
        async with world.acting(world.university, at=at(day)) as tx:
            found = [one for one in await right_queries.todos(tx) if one.kind == "权利届满"]
            assert [one.action for one in found] == ([action] if action else []), day
    async with world.acting(world.institute, at=at("2026-09-13")) as tx:
        assert await right_queries.todos(tx) == []


@pytest.mark.requirement("R187")
async def test_a_fee_is_something_to_do_until_it_is_paid(site: Site, world: World) -> None:
    row_id = await recorded(world)
    async with world.acting(world.university) as tx:
        (todo,) = await right_queries.todos(tx)
        assert todo.due_on == date(2026, 4, 20)
        assert "第四十三条" in todo.basis
        questions = await tx.rows(select(decision.c.question).where(decision.c.case_id == row_id))
        assert {"term.protection", "deadline.due"} <= {one.question for one in questions}
    async with world.acting(world.institute) as tx:
        assert await right_queries.todos(tx) == []
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/rights"
    paid = {"number": NUMBER, "year": "9", "paid_on": "2026-03-12"}
    assert (await visitor.post(f"{page}/fees", {**paid, "year": "viele"}, page=page)).status_code == 422
    assert (await visitor.post(f"{page}/fees", paid, page=page)).status_code == 303
    async with world.acting(world.university) as tx:
        assert await right_queries.todos(tx) == []
        right = (await queries.rights_of(tx, row_id))[0]
        assert (right.fee_year, right.fee_due_on) == (9, date(2027, 4, 20))
    again = await visitor.post(f"{page}/fees", paid, page=page)
    assert again.status_code == 422
    assert "已缴或无需缴纳" in again.text


async def test_a_number_stands_once_and_nobody_elsewhere_reaches_it(world: World) -> None:
    first = await recorded(world)
    async with world.acting(world.university) as tx:
        other = await registered(tx, "一种竹基活性炭电极材料")
        for row_id in (first, other):
            done = await workflow.record_right(tx, row_id, PATENT, since=date(2026, 3, 10), reason="又一次")
            assert isinstance(done, Refusal)
            assert done.code == "ledger.number_taken"
        wrong = Right("201810862228.1", "patent_right", granted_on=date(2021, 3, 11))
        with pytest.raises(FormInvalid) as fault:
            await workflow.record_right(tx, other, wrong, since=date(2026, 3, 10), reason="x")
        assert "number" in fault.value.errors
        with pytest.raises(NotFound):
            await workflow.record_fee(tx, other, NUMBER, 9, date(2026, 3, 12))
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.record_right(tx, first, PATENT, since=date(2026, 3, 10), reason="x")


async def test_who_may_not_write_reads_and_who_is_elsewhere_finds_nothing(site: Site, world: World) -> None:
    row_id = await recorded(world)
    page = f"{HOME}/{row_id}/rights"
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    completer = await site.signed_in(world, world.university, "completer")
    seen = await completer.get(page)
    assert NUMBER in seen.text
    assert 'method="post"' not in seen.text.split("<main")[-1]
    key = await completer.form_key(HOME)
    assert (await completer.post(page, FORM, key=key)).status_code == 403
    elsewhere = await site.signed_in(world, world.institute)
    assert (await elsewhere.get(page)).status_code == 404
    assert (await elsewhere.get(f"{HOME}/{new_id()}/rights")).status_code == 404
