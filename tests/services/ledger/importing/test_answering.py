"""Questions of an import, answered: one answer for all rows that ask the same, checked again, registered like the others."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.ledger.importing import answering, queries, settling, workflow
from services.ledger.importing.answering import Answered
from services.ledger.importing.models import ledger_import_row
from services.ledger.importing.settling import Rows
from shared.documents.uploads import Upload
from shared.errors import Refusal
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    HEAD,
    applied,
    checked,
    counted,
    killed_after,
    ledger,
    sample,
    state_of,
    workbook,
)
from tests.services.ledger.test_workflow import recounted
from tests.world import World

_LIVE = "select count(*) from app.achievement where tenant_id = :tenant and state = 'registered'"


def upload(*rows: list[Any], head: tuple[str, ...] = HEAD) -> Upload:
    return Upload("台账.xlsx", workbook(rows, head, title="截至2025年12月31日"))


def converted(number: int, method: str = "转让/许可", amount: Any = 5, **cells: str) -> list[Any]:
    name, team = cells.get("name", f"第{number}号示例工艺"), cells.get("team", "甘棠、伍文")
    return [name, team, "非专利技术", "", cells.get("status", "已转化"), method, amount]


async def answered(world: World, import_id: UUID, rows: Rows, answers: Mapping[str, str]) -> Answered | Refusal:
    async with world.acting(world.university) as tx:
        return await answering.answer(tx, import_id, rows, answers)


async def held(world: World, import_id: UUID, ordinal: int = 0) -> Row[Any]:
    async with world.acting(world.university) as tx:
        row = await tx.row(
            ledger_import_row.select().where(
                ledger_import_row.c.tenant_id == tx.tenant_id,
                ledger_import_row.c.import_id == import_id,
                ledger_import_row.c.ordinal == ordinal,
            )
        )
    assert row is not None
    return row


async def answer_row(world: World, import_id: UUID, ordinal: int, answers: Mapping[str, str]) -> Row[Any]:
    before = await held(world, import_id, ordinal)
    done = await answered(world, import_id, Rows(ordinal=ordinal, revision=before.revision), answers)
    assert done == Answered(1, waiting=False)
    return await held(world, import_id, ordinal)


def codes(row: Row[Any]) -> list[str]:
    return [issue["code"] for issue in row.issues or () if issue["severity"] == "human"]


async def applied_again(world: World, import_id: UUID) -> None:
    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, import_id, AS_OF) is None
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)


ALL_OF_THEM = Rows(code="method_multiple", field="转化方式", said="转让/许可")


async def test_one_answer_settles_all_rows_that_say_the_same(world: World, objects: ObjectStore) -> None:
    rows = [converted(n) for n in range(12)] + [converted(20, "许可/作价入股"), converted(21, "转让")]
    import_id = await checked(world, world.university, objects, upload(*rows))
    before = await state_of(world, world.university, import_id)
    assert (before.valid, before.questions) == (1, 13)
    assert await answered(world, import_id, ALL_OF_THEM, {"method": "许可"}) == Answered(12, waiting=False)
    after = await state_of(world, world.university, import_id)
    assert (after.state, after.valid, after.questions) == ("checked", 13, 1)
    assert [(group["code"], group["n"]) for group in after.summary["groups"]] == [("method_multiple", 1)]
    await applied_again(world, import_id)
    async with world.acting(world.university) as tx:
        modes = await tx.rows(
            text("select mode, count(*) as n, sum(value) as sum from app.achievement where tenant_id = :t group by 1"),
            {"t": tx.tenant_id},
        )
        assert await recounted(tx)
    assert {(one.mode, one.n, one.sum) for one in modes} == {
        ("licence", 12, Decimal(600_000)),
        ("assignment", 1, Decimal(50_000)),
    }


async def test_rows_answered_after_the_import_are_registered_with_it(world: World, objects: ObjectStore) -> None:
    rows = [converted(n) for n in range(3)] + [converted(20, "转让"), converted(21, "转让")]
    import_id = await applied(world, world.university, objects, upload(*rows))
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)
    assert await answered(world, import_id, ALL_OF_THEM, {"method": "许可"}) == Answered(3, waiting=False)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions, row.first_number, row.last_number) == ("applied", 5, 0, 1, 2)
    assert sum(Decimal(cell["amount"]) for cell in row.summary["sums"]) == Decimal(250_000)
    async with world.acting(world.university) as tx:
        found = await tx.rows(
            text("select number, import_id, held_from, mode from app.achievement where tenant_id = :t order by number"),
            {"t": tx.tenant_id},
        )
        audit = await tx.rows(
            text(
                "select details from app.audit_entry where tenant_id = :t and action = 'ledger_import.register_answered'"
            ),
            {"t": tx.tenant_id},
        )
        assert await recounted(tx)
    assert [(one.number, one.import_id, one.held_from) for one in found] == [(n, import_id, AS_OF) for n in range(1, 6)]
    assert [one.details for one in audit] == [{"rows": 3, "first_number": 3, "last_number": 5}]
    kept = "select count(*) from app.ledger_import_row where tenant_id = :tenant and (raw is not null or entry is not null)"
    assert await counted(world, kept, tenant=world.university) == 0
    assert (
        await counted(
            world, "select count(*) from app.import_answer where tenant_id = :tenant", tenant=world.university
        )
        == 0
    )


async def test_an_answer_that_is_not_right_leaves_the_row_asking(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1, "", "约5")))
    row = await answer_row(world, import_id, 0, {"method": "卖掉"})
    assert (row.disposition, codes(row)) == ("question", ["amount_approximate", "method_unknown"])
    row = await answer_row(world, import_id, 0, {"method": "转让", "value": "5.5万元"})
    assert (row.disposition, row.entry["value"], row.entry["mode"]) == ("valid", "55000.00", "assignment")
    assert row.raw[0][5] == ""


async def test_a_column_without_unit_is_settled_by_one_word(world: World, objects: ObjectStore) -> None:
    head = (*HEAD[:-1], "转化价值")
    rows = [converted(n, "转让", n) for n in (3, 4)] + [converted(9, "转让", "7万")]
    import_id = await checked(world, world.university, objects, upload(*rows, head=head))
    asked = Rows(code="amount_unit_unknown", field="转化价值", said="“台账”G列")
    assert await answered(world, import_id, asked, {"unit": "万元"}) == Answered(2, waiting=False)
    rows_now = [await held(world, import_id, n) for n in range(3)]
    assert [row.entry["value"] for row in rows_now] == ["30000.00", "40000.00", "70000.00"]


async def test_a_field_for_which_the_sheet_has_no_column_can_be_answered(world: World, objects: ObjectStore) -> None:
    head = HEAD[:5]
    row = ["第1号示例工艺", "甘棠", "非专利技术", "", "已转化"]
    import_id = await checked(world, world.university, objects, upload(row, head=head))
    now = await answer_row(world, import_id, 0, {"method": "许可", "value": "5万元"})
    assert (now.disposition, now.entry["mode"], now.entry["value"]) == ("valid", "licence", "50000.00")


async def test_what_is_right_as_it_stands_can_be_accepted(world: World, objects: ObjectStore) -> None:
    rows = [[*converted(1, "", "", status="未转化"), "内部"], [*converted(2, "", "", status="未转化"), "公开"]]
    import_id = await checked(world, world.university, objects, upload(*rows, head=(*HEAD, "密级")))
    assert codes(await held(world, import_id)) == ["secrecy_internal"]
    row = await answer_row(world, import_id, 0, {"secrecy_internal": ""})
    assert row.disposition == "valid"


async def test_a_row_can_be_left_out_and_taken_back(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1), converted(2, "转让")))
    row = await answer_row(world, import_id, 0, {"leave_out": "已在另一张表登记"})
    assert row.disposition == "left_out"
    now = await state_of(world, world.university, import_id)
    assert (now.valid, now.questions, now.left_out) == (1, 0, 1)
    assert now.summary["groups"] == []
    row = await answer_row(world, import_id, 0, {"method": "转让"})
    assert row.disposition == "valid"
    assert (await state_of(world, world.university, import_id)).left_out == 0


async def test_a_repeated_row_stays_repeated_until_its_name_differs(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1, "转让"), converted(1)))
    row = await answer_row(world, import_id, 1, {"method": "转让"})
    assert codes(row) == ["duplicate"]
    row = await answer_row(world, import_id, 1, {"method": "转让", "name": "第1号示例工艺（改进）"})
    assert (row.disposition, row.entry["name"]) == ("valid", "第1号示例工艺（改进）")


async def test_two_rows_answered_to_the_same_name_do_not_both_stand(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1), converted(2)))
    asked = Rows(code="method_multiple", field="转化方式", said="转让/许可")
    await answered(world, import_id, asked, {"method": "转让", "name": "同一名称"})
    rows = [await held(world, import_id, n) for n in range(2)]
    assert [(row.disposition, codes(row)) for row in rows] == [("valid", []), ("question", ["duplicate"])]


async def test_a_row_the_ledger_has_is_right_once_the_ledger_has_it_no_more(world: World, objects: ObjectStore) -> None:
    await applied(world, world.university, objects, ledger(1))
    import_id = await checked(world, world.university, objects, ledger(2))
    asked = Rows(code="already_in_ledger", field="成果名称", said="")
    assert await answered(world, import_id, asked, {"again": ""}) == Answered(1, waiting=False)
    assert codes(await held(world, import_id)) == ["already_in_ledger"]
    async with world.acting(world.university) as tx:
        from services.ledger import workflow as ledger_workflow

        own = await tx.scalar(text("select id from app.achievement where tenant_id = :t"), {"t": tx.tenant_id})
        assert await ledger_workflow.revoke(tx, own, "重复") is None
    assert await answered(world, import_id, asked, {"again": ""}) == Answered(1, waiting=False)
    assert (await held(world, import_id)).disposition == "valid"


async def test_of_two_clerks_who_answer_at_once_one_is_told(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(*[converted(n) for n in range(5)]))
    answers = await asyncio.gather(
        answered(world, import_id, ALL_OF_THEM, {"method": "转让"}),
        answered(world, import_id, ALL_OF_THEM, {"method": "许可"}),
    )
    refused = [one for one in answers if isinstance(one, Refusal)]
    assert len(refused) == 1
    assert refused[0].status == 409
    assert "已由他人答复" in refused[0].message
    row = await held(world, import_id)
    stale = await answered(world, import_id, Rows(ordinal=0, revision=row.revision - 1), {"method": "许可"})
    assert isinstance(stale, Refusal)


async def test_very_many_answers_are_checked_by_the_worker_and_survive_its_death(
    world: World, objects: ObjectStore, monkeypatch: Any
) -> None:
    monkeypatch.setattr(answering, "AT_ONCE", 10)
    settle = settling.settle
    monkeypatch.setattr(settling, "settle", lambda tx, row: settle(tx, row, size=10))
    import_id = await applied(
        world, world.university, objects, upload(*[converted(n) for n in range(35)], converted(99, "转让"))
    )
    assert await answered(world, import_id, ALL_OF_THEM, {"method": "许可"}) == Answered(35, waiting=True)
    async with world.acting(world.university) as tx:
        assert await queries.pending_rows(tx, import_id) == 35
    async with world.working(world.university) as tx:
        assert await answering.settle_rest(tx, import_id)
    await killed_after(world, world.university, lambda tx: answering.settle_rest(tx, import_id))
    assert await counted(world, _LIVE, tenant=world.university) == 1
    more = True
    while more:
        async with world.working(world.university) as tx:
            more = await answering.settle_rest(tx, import_id)
    async with world.working(world.university) as tx:
        assert not await answering.settle_rest(tx, import_id)
    assert await counted(world, _LIVE, tenant=world.university) == 36
    assert (await state_of(world, world.university, import_id)).valid == 36


async def test_an_import_is_not_confirmed_while_answers_are_being_checked(
    world: World, objects: ObjectStore, monkeypatch: Any
) -> None:
    monkeypatch.setattr(answering, "AT_ONCE", 1)
    rows = [converted(1), converted(2), converted(3, "转让")]
    import_id = await checked(world, world.university, objects, upload(*rows))
    assert await answered(world, import_id, ALL_OF_THEM, {"method": "许可"}) == Answered(2, waiting=True)
    async with world.acting(world.university) as tx:
        refusal = await workflow.confirm(tx, import_id, AS_OF)
    assert refusal is not None
    assert "正在重新核对" in refusal.message


async def test_an_answer_with_a_mark_of_secrecy_is_stored_nowhere(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1)))
    row = await held(world, import_id)
    for answers in (
        {"remark": "该成果涉密"},
        {"name": "某型支座（机密）"},
        {"secrecy": "秘密★5年"},
        {"leave_out": "属于国家秘密"},
    ):
        refusal = await answered(world, import_id, Rows(ordinal=0, revision=row.revision), answers)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "import.answer_secret"
    assert (
        await counted(
            world, "select count(*) from app.import_answer where tenant_id = :tenant", tenant=world.university
        )
        == 0
    )
    log = "select count(*) from app.audit_entry where tenant_id = :tenant and details::text ~ '支座|该成果涉密|★5年|属于国家'"
    assert await counted(world, log, tenant=world.university) == 0


async def test_every_question_of_the_sample_can_be_answered_or_left_out(world: World, objects: ObjectStore) -> None:
    """Whatever a row asks, leaving it out ends it; nothing is left waiting for ever."""
    import_id = await applied(world, world.university, objects, sample())
    async with world.acting(world.university) as tx:
        rows = await queries.held_rows(tx, import_id, "question", limit=100)
    for row in rows:
        done = await answered(
            world, import_id, Rows(ordinal=row.ordinal, revision=row.revision), {"leave_out": "另行办理"}
        )
        assert done == Answered(1, waiting=False)
    now = await state_of(world, world.university, import_id)
    assert (now.questions, now.left_out, now.valid) == (0, 60, 353)
