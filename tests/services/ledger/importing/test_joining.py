"""A repeated row answered as a further conversion: counted with its amount, the achievement never twice."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.ledger.importing import answering, remapping, undoing
from services.ledger.importing.answering import Answered
from services.ledger.importing.settling import Rows
from services.ledger.listing import Filters, ledger_page
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    applied,
    checked,
    counted,
    read_through,
    send,
    state_of,
)
from tests.services.ledger.importing.test_answering import (
    answer_row,
    answered,
    applied_again,
    codes,
    held,
    upload,
)
from tests.services.ledger.importing.test_importing_pages import HOME, text_of
from tests.services.ledger.test_workflow import recounted
from tests.web import Site
from tests.world import World

_LIVE = "select count(*) from app.achievement where tenant_id = :tenant and state = 'registered'"
_HEAD = ("成果名称", "完成人", "成果类型", "授权号", "转化状态", "转化方式", "转化价值（万元）", "受让方", "合同编号")


def deal(number: int, contract: str, amount: Any = 5, **cells: str) -> list[Any]:
    return [
        f"第{number}号示例工艺", "甘棠", "非专利技术", "", cells.get("status", "已转化"), cells.get("method", "许可"), amount,
        cells.get("party", f"{contract}公司"), contract,
    ]  # fmt: skip


def deals(*rows: list[Any]) -> Any:
    return upload(*rows, head=_HEAD)


async def the_one(world: World) -> tuple[int, Decimal | None, list[tuple[str, Decimal]]]:
    """Of the only achievement that stands: conversions, value, its contracts with their amounts."""
    async with world.acting(world.university) as tx:
        assert await recounted(tx)
        row = await tx.row(
            text("select id, conversions, value from app.achievement where tenant_id = :t and state = 'registered'"),
            {"t": tx.tenant_id},
        )
        assert row is not None
        records = await tx.rows(
            text(
                "select counterparty, amount from app.conversion_record where tenant_id = :t and achievement_id = :a "
                "order by position"
            ),
            {"t": tx.tenant_id, "a": row.id},
        )
    return row.conversions, row.value, [(one.counterparty, one.amount) for one in records]


@pytest.mark.requirement("R170")
async def test_a_repeated_row_joins_the_first_and_is_registered_with_it(world: World, objects: ObjectStore) -> None:
    import_id = await checked(
        world, world.university, objects, deals(deal(1, "甲"), deal(1, "乙", 7), deal(1, "丙", "8"))
    )
    asked = Rows(code="duplicate", field="成果名称", said="与前面的行是同一成果，合同不同")
    assert await answered(world, import_id, asked, {"further_conversion": ""}) == Answered(2, waiting=False)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions, row.joined) == (1, 0, 2)
    assert [cell["amount"] for cell in row.summary["sums"]] == ["200000.00"]
    await applied_again(world, import_id)
    expected = [("甲公司", Decimal(50_000)), ("乙公司", Decimal(70_000)), ("丙公司", Decimal(80_000))]
    assert await the_one(world) == (3, Decimal(200_000), expected)

    # undone and done again it ends the same
    async with world.acting(world.university) as tx:
        assert await undoing.undo(tx, import_id, "再来") is None
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    assert await counted(world, _LIVE, tenant=world.university) == 0


async def test_after_the_import_it_is_recorded_at_once_and_can_still_be_undone(
    world: World, objects: ObjectStore
) -> None:
    import_id = await applied(world, world.university, objects, deals(deal(1, "甲"), deal(1, "乙", 7)))
    assert (await the_one(world))[1:] == (Decimal(50_000), [("甲公司", Decimal(50_000))])
    now = await answer_row(world, import_id, 1, {"further_conversion": ""})
    assert now.disposition == "joined"
    assert await the_one(world) == (2, Decimal(120_000), [("甲公司", Decimal(50_000)), ("乙公司", Decimal(70_000))])
    async with world.acting(world.university) as tx:
        # the ledger said so as of its own day, whenever the question is answered
        (then,) = (await ledger_page(tx, Filters(as_of=AS_OF), limit=10)).rows
        assert (then["conversions"], then["value"]) == (2, Decimal(120_000))
        said = await tx.rows(
            text("select lower(held) as day from app.conversion_record_version where tenant_id = :t"),
            {"t": tx.tenant_id},
        )
        assert [one.day for one in said] == [AS_OF, AS_OF]
    async with world.acting(world.university) as tx:
        assert await undoing.undo(tx, import_id, "导错了") is None
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    assert (await state_of(world, world.university, import_id)).state == "undone"
    assert await counted(world, _LIVE, tenant=world.university) == 0
    async with world.acting(world.university) as tx:
        assert not await recounted(tx)  # nothing is counted any more
        assert (await ledger_page(tx, Filters(), limit=10)).rows == []


async def test_it_waits_for_the_first_row_and_joins_once_that_is_settled(world: World, objects: ObjectStore) -> None:
    rows = deals(deal(1, "甲", method="转让/许可"), deal(1, "乙", 7))
    import_id = await checked(world, world.university, objects, rows)
    now = await answer_row(world, import_id, 1, {"further_conversion": ""})
    assert (now.disposition, codes(now)) == ("question", ["first_row_open"])
    first = await held(world, import_id, 0)
    done = await answered(world, import_id, Rows(ordinal=0, revision=first.revision), {"method": "许可"})
    assert done == Answered(1, waiting=True)
    async with world.working(world.university) as tx:
        assert not await answering.settle_rest(tx, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions, row.joined) == (1, 0, 1)
    await applied_again(world, import_id)
    assert (await the_one(world))[:2] == (2, Decimal(120_000))


async def test_what_is_no_conversion_or_asks_more_does_not_join(world: World, objects: ObjectStore) -> None:
    rows = deals(deal(1, "甲"), deal(1, "", "", status="未转化", method="", party=""), deal(1, "丙", "约8"))
    import_id = await checked(world, world.university, objects, rows)
    none = await answer_row(world, import_id, 1, {"further_conversion": ""})
    assert (none.disposition, codes(none)) == ("question", ["duplicate", "not_a_conversion"])
    more = await answer_row(world, import_id, 2, {"further_conversion": ""})
    assert more.disposition == "question"
    assert set(codes(more)) == {"amount_approximate", "duplicate"}
    more = await answer_row(world, import_id, 2, {"further_conversion": "", "value": "8万元"})
    assert more.disposition == "joined"
    assert (await state_of(world, world.university, import_id)).questions == 1


async def test_an_answer_is_applied_again_when_everything_is_read_anew(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, deals(deal(1, "甲"), deal(1, "乙", 7)))
    await answer_row(world, import_id, 1, {"further_conversion": ""})
    async with world.acting(world.university) as tx:
        assert await remapping.remap(tx, import_id, {"台账": {"I": ""}}, {}) is None
    await read_through(world, world.university, objects, import_id)
    async with world.working(world.university) as tx:
        assert not await answering.settle_rest(tx, import_id)
    await applied_again(world, import_id)
    assert (await the_one(world))[:2] == (2, Decimal(120_000))


async def test_a_first_row_without_its_contract_counts_as_one_conversion(world: World, objects: ObjectStore) -> None:
    plain = ["第1号示例工艺", "甘棠", "非专利技术", "", "已转化", "许可", 5, "", ""]
    import_id = await checked(world, world.university, objects, deals(plain, deal(1, "乙", 7)))
    await answer_row(world, import_id, 1, {"further_conversion": ""})
    await applied_again(world, import_id)
    assert await the_one(world) == (2, Decimal(120_000), [(None, Decimal(50_000)), ("乙公司", Decimal(70_000))])


@pytest.mark.usefixtures("account")
async def test_it_is_offered_on_the_page_and_to_machines(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, deals(deal(1, "甲"), deal(1, "乙", 7), deal(1, "丙")))
    clerk = await site.signed_in(world, world.university)
    questions = await clerk.get(f"{HOME}/{import_id}/questions")
    assert "又一次转化" in text_of(questions)
    row = await clerk.get(f"{HOME}/{import_id}/rows/1")
    assert 'value="further_conversion"' in row.text
    done = await clerk.post(
        f"{HOME}/{import_id}/rows/1/answer",
        {"revision": "0", "accept": "further_conversion"},
        page=f"{HOME}/{import_id}/rows/1",
    )
    assert done.status_code == 303
    (question,) = (await send(site, "GET", f"/api/imports/{import_id}/questions")).json()["items"]
    assert "further" in [one["value"] for one in question["choices"]]
    answer = {name: question[name] for name in ("code", "field", "said")} | {"choice": "further"}
    assert (await send(site, "POST", f"/api/imports/{import_id}/questions", json=answer)).json()["rows"] == 1
    joined = (await send(site, "GET", f"/api/imports/{import_id}/rows", params={"kind": "joined"})).json()["items"]
    assert [one["rows"] for one in joined] == ["第4行", "第5行"]
    assert "计入该项成果" in text_of(await clerk.get(f"{HOME}/{import_id}/rows?kind=joined"))
