"""The verbs of the ledger on a real database: registration, correction, conversion, revocation, sets."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.ledger import queries, workflow
from services.ledger.entry import Completer, Deal, Entry, Right
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import achievement, ledger_number, ledger_total
from services.ledger.totals import RECOUNT
from shared.db.records import decision, outbox, workflow_event
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.world import START, World

DAY = date(2026, 3, 2)


def entry(name: str = "一种高原湖泊蓝藻原位絮凝装置", **changes: object) -> Entry:
    values: dict[str, object] = {
        "name": name,
        "type": "patent_right",
        "status": "not_converted",
        "team": (Completer(name="杨思远", share=Fraction(1, 3)), Completer(name="罗玉梅")),
        "college": "环境学院",
        **changes,
    }
    return Entry(**values)  # type: ignore[arg-type]


async def registered(tx: Transaction, name: str = "一种高原湖泊蓝藻原位絮凝装置", **changes: object) -> UUID:
    done = await workflow.register(tx, entry(name, **changes), held_from=DAY)
    assert isinstance(done, UUID), done
    return done


async def recounted(tx: Transaction) -> bool:
    """Whether the kept totals are what counting the ledger anew gives."""
    counted = {
        (row.dimension, row.first, row.second): (row.n, row.n_valued, row.sum)
        for row in await tx.rows(RECOUNT, {"tenant": tx.tenant_id})
    }
    kept = {
        (row.dimension, row.first, row.second): (row.n, row.n_valued, row.sum)
        for row in await tx.rows(select(ledger_total).where(ledger_total.c.tenant_id == tx.tenant_id))
        if row.n
    }
    assert kept == counted
    return bool(kept)


async def test_a_verified_achievement_gets_the_next_number_and_everything_that_belongs_to_it(world: World) -> None:
    async with world.acting(world.university) as tx:
        first = await registered(tx)
        second = await registered(
            tx, "一种竹基活性炭电极材料", rights=(Right("201810862228.X", "patent_right", "ZL201810862228.X"),)
        )
    async with world.acting(world.university) as tx:
        one, other = await queries.achievement_detail(tx, first), await queries.achievement_detail(tx, second)
        assert one is not None
        assert other is not None
        assert (one.row.code, other.row.code) == ("CS-0001", "CS-0002")
        assert [(m.name, m.share) for m in one.team] == [("杨思远", Fraction(1, 3)), ("罗玉梅", None)]
        assert [m.person_id for m in one.team] == [m.person_id for m in other.team]
        assert other.rights[0].number == "201810862228.X"
        assert one.row.stage_recognised == "research"
        assert await recounted(tx)
        events = await tx.rows(select(workflow_event.c.event).where(workflow_event.c.case_id == first))
        assert [row.event for row in events] == ["registered"]
        questions = await tx.rows(select(decision.c.question).where(decision.c.case_id == first))
        assert {row.question for row in questions} == {"ledger.stage", "ledger.value", "ledger.name"}


async def test_the_list_finds_by_two_characters_by_person_and_by_number(world: World) -> None:
    async with world.acting(world.university) as tx:
        one = await registered(tx)
        other = await registered(
            tx,
            "一种竹基活性炭电极材料",
            team=(Completer(name="康浩然"),),
            rights=(Right("201810862228.X", "patent_right"),),
        )
    async with world.acting(world.university) as tx:
        for words, expected in [
            ("蓝藻", [one]),
            ("活性炭电极", [other]),
            ("絮凝 装置", [one]),
            ("炭", [other]),
            ("康浩", [other]),
            ("ZL20181086", [other]),
            ("CS-0002", [other]),
            ("一种", [other, one]),
            ("没有", []),
        ]:
            page = await ledger_page(tx, Filters(q=words))
            assert [row["id"] for row in page.rows] == expected, words
        page = await ledger_page(tx, Filters(status="converted"))
        assert page.rows == []


async def test_pages_follow_each_other_forwards_and_back_in_every_order(world: World) -> None:
    async with world.acting(world.university) as tx:
        for n in range(7):
            value = Decimal(n // 2) if n % 3 else None
            obtained = date(2020 + n % 3, 1, 1) if n % 2 else None
            await registered(tx, f"成果{'甲乙丙丁戊己庚'[n]}", value=value, obtained_on=obtained)
        for sort in ("number", "-number", "name", "-name", "value", "-value", "obtained", "-obtained"):
            whole = [row["number"] for row in (await ledger_page(tx, Filters(), sort, limit=50)).rows]
            assert sorted(whole) == list(range(1, 8))
            page = await ledger_page(tx, Filters(), sort, limit=3)
            seen = [row["number"] for row in page.rows]
            assert page.previous is None
            while page.next:
                page = await ledger_page(tx, Filters(), sort, after=page.next, limit=3)
                seen += [row["number"] for row in page.rows]
            assert seen == whole
            back = await ledger_page(tx, Filters(), sort, before=page.previous or "", limit=3)
            assert [row["number"] for row in back.rows] == whole[3:6]


async def test_a_correction_is_a_version_and_the_past_stays_as_it_was(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, status="intended", value=Decimal("100.00"))
    async with world.acting(world.university) as tx:
        known = await tx.recorded_now()
        changed = await workflow.correct(
            tx,
            row_id,
            {"status": "converting", "value": Decimal("120.00")},
            since=date(2026, 3, 10),
            reason="签订意向书",
        )
        assert not isinstance(changed, Refusal)
        assert changed.revision == 2
    async with world.acting(world.university) as tx:
        # a correction of the past that leaves the later change standing
        await workflow.correct(tx, row_id, {"college": "生态学院"}, since=date(2026, 3, 5), reason="部门更名")

        async def on(day: date) -> tuple[str, str, Decimal]:
            found = await queries.achievement_detail(tx, row_id, as_of=day)
            assert found is not None
            return found.row.status, found.row.college, found.row.value

        assert await on(date(2026, 3, 4)) == ("intended", "环境学院", Decimal(100))
        assert await on(date(2026, 3, 5)) == ("intended", "生态学院", Decimal(100))
        assert await on(date(2026, 3, 10)) == ("converting", "生态学院", Decimal(120))
        assert await queries.achievement_detail(tx, row_id, as_of=DAY - timedelta(days=1)) is None
        then = await queries.achievement_detail(tx, row_id, as_of=date(2026, 3, 12), known_at=known)
        assert then is not None
        assert then.row.status == "intended"
        listed = await ledger_page(tx, Filters(as_of=date(2026, 3, 6)))
        assert [(row["status"], row["college"], row["people"]) for row in listed.rows] == [
            ("intended", "生态学院", ["杨思远", "罗玉梅"])
        ]
        listed = await ledger_page(tx, Filters(as_of=date(2026, 3, 12), known_at=known))
        assert [row["status"] for row in listed.rows] == ["intended"]
        changes = await queries.history(tx, row_id)
        assert [(c.revision, c.since, c.reason, c.fields) for c in changes][:2] == [
            (3, date(2026, 3, 5), "部门更名", {"college": ("环境学院", "生态学院")}),
            (
                2,
                date(2026, 3, 10),
                "签订意向书",
                {
                    "status": ("intended", "converting"),
                    "value": (Decimal("100.00"), Decimal("120.00")),
                },
            ),
        ]
        assert await recounted(tx)


async def test_two_changes_in_one_transaction_make_one_version(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"college": "生态学院"}, since=START.date(), reason="一")
        await workflow.correct(tx, row_id, {"remark": "重点"}, since=START.date(), reason="二")
    async with world.acting(world.university) as tx:
        versions = await queries.versions_of(tx, row_id)
        held = [(v.held.lower, v.college, v.remark) for v in versions if v.recorded.upper is None]
        assert held == [(DAY, "环境学院", None), (START.date(), "生态学院", "重点")]
        assert len({v.recorded.lower for v in versions}) == 2


@pytest.mark.requirement("R071")
async def test_conversions_are_counted_and_the_achievement_once(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        for amount in ("80000.00", "50000.00", "20000.50"):
            deal = Deal(mode="licence", counterparty="示例企业", signed_on=date(2026, 3, 12), amount=Decimal(amount))
            assert isinstance(await workflow.record_conversion(tx, row_id, deal), UUID)
        row = await queries.find_achievement(tx, row_id)
        assert row is not None
        assert (row.status, row.mode, row.conversions, row.value) == ("converted", "licence", 3, Decimal("150000.50"))
        assert row.value_kind == "amount"
        assert await recounted(tx)
        cell = (await queries.totals(tx, "status"))["converted", ""]
        assert (cell.n, cell.sum) == (1, Decimal("150000.50"))


@pytest.mark.requirement("R071", "R205")
async def test_a_conversion_of_the_past_adds_to_each_day_what_that_day_had(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    for signed, amount, mode in ((date(2026, 3, 10), 5, "assignment"), (date(2026, 3, 5), 7, "licence")):
        async with world.acting(world.university) as tx:
            deal = Deal(mode=mode, signed_on=signed, amount=Decimal(amount))
            assert isinstance(await workflow.record_conversion(tx, row_id, deal), UUID)
    async with world.acting(world.university) as tx:
        said = [
            (one.held.lower, one.status, one.mode, one.conversions, one.value, one.value_kind)
            for one in await queries.versions_of(tx, row_id)
            if one.recorded.upper is None
        ]
        assert said == [
            (DAY, "not_converted", None, 0, None, None),
            (date(2026, 3, 5), "converted", "licence", 1, Decimal(7), "amount"),
            (date(2026, 3, 10), "converted", "assignment", 2, Decimal(12), "amount"),
        ]
        assert await recounted(tx)


@pytest.mark.requirement("R073")
async def test_a_converted_achievement_without_amount_is_refused_with_the_article(world: World) -> None:
    async with world.acting(world.university) as tx:
        refused = await workflow.register(tx, entry(status="converted"), held_from=DAY)
        assert isinstance(refused, Refusal)
        assert refused.code == "ledger.amount_missing"
        assert refused.citation is not None
        assert "直接登记转化金额" in refused.citation.quote
        assert await tx.scalar(select(achievement.c.id).where(achievement.c.tenant_id == tx.tenant_id)) is None


@pytest.mark.requirement("R055")
async def test_each_institution_has_a_ledger_of_its_own_with_numbers_of_its_own(world: World) -> None:
    for tenant in (world.university, world.institute):
        async with world.acting(tenant) as tx:
            await registered(tx)
            page = await ledger_page(tx, Filters(), limit=10)
            assert [row["number"] for row in page.rows] == [1]
            assert page.total == 1


@pytest.mark.requirement("R063")
async def test_a_name_identifies_one_achievement_of_an_institution(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx, "高效催化剂")
        refused = await workflow.register(tx, entry("高效 催化剂"), held_from=DAY)
        assert isinstance(refused, Refusal)
        assert refused.code == "ledger.name_taken"
    async with world.acting(world.institute) as tx:
        await registered(tx, "高效 催化剂")


async def test_a_right_number_stands_once_in_a_ledger(world: World) -> None:
    rights = (Right("201810862228.X", "patent_right"),)
    async with world.acting(world.university) as tx:
        await registered(tx, rights=rights)
        refused = await workflow.register(tx, entry("另一成果", rights=rights), held_from=DAY)
        assert isinstance(refused, Refusal)
        assert refused.code == "ledger.number_taken"


async def test_a_revoked_number_stays_used_and_its_name_is_free_again(world: World) -> None:
    rights = (Right("201810862228.X", "patent_right"),)
    async with world.acting(world.university) as tx:
        first = await registered(tx, rights=rights)
    async with world.acting(world.university) as tx:
        assert await workflow.revoke(tx, first, "重复登记") is None
    async with world.acting(world.university) as tx:
        second = await registered(tx, rights=rights)
        table = ledger_number.c
        rows = await tx.rows(select(ledger_number).where(table.tenant_id == tx.tenant_id).order_by(table.number))
        assert [(row.number, row.revoked_at is not None, row.reason) for row in rows] == [
            (1, True, "重复登记"),
            (2, False, None),
        ]
        page = await ledger_page(tx, Filters())
        assert [row["id"] for row in page.rows] == [second]
        assert [row["id"] for row in (await ledger_page(tx, Filters(as_of=DAY))).rows] == [second]
        assert [row["id"] for row in (await ledger_page(tx, Filters(q="蓝藻"))).rows] == [second]
        assert await recounted(tx)
        stopped = await workflow.revoke(tx, first, "再次")
        assert isinstance(stopped, Refusal)
        assert stopped.code == "state.stale"


@pytest.mark.requirement("R065")
async def test_a_declared_development_stage_without_proof_is_recognised_as_research(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, stage_declared="development")
        row = await queries.find_achievement(tx, row_id)
        assert row is not None
        assert (row.stage_declared, row.stage_recognised) == ("development", "research")


async def test_a_change_before_the_achievement_began_is_refused(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        for since, code in [
            (DAY - timedelta(days=1), "ledger.before_beginning"),
            (START.date() + timedelta(days=1), "ledger.in_future"),
        ]:
            refused = await workflow.correct(tx, row_id, {"remark": "x"}, since=since, reason="更正")
            assert isinstance(refused, Refusal)
            assert refused.code == code


async def test_of_two_people_at_once_one_is_told(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"remark": "甲"}, since=START.date(), reason="更正", revision=1)
    async with world.acting(world.university, "department_head") as tx:
        refused = await workflow.correct(tx, row_id, {"remark": "乙"}, since=START.date(), reason="更正", revision=1)
        assert isinstance(refused, Refusal)
        assert refused.kind == "state"
        row = await queries.find_achievement(tx, row_id)
        assert row is not None
        assert row.remark == "甲"


async def test_another_tenants_achievement_does_not_exist(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    async with world.acting(world.institute) as tx:
        for unknown in (row_id, new_id()):
            with pytest.raises(NotFound):
                await workflow.correct(tx, unknown, {"remark": "x"}, since=DAY, reason="更正")
            assert await queries.achievement_detail(tx, unknown) is None


@pytest.mark.requirement("R021")
async def test_a_suspected_secret_leaves_every_list_until_it_is_released(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        assert await workflow.quarantine(tx, row_id, "疑似涉密") is None
        assert (await ledger_page(tx, Filters())).rows == []
        assert (await ledger_page(tx, Filters(q="蓝藻"))).rows == []
        assert [todo.kind for todo in await queries.todos(tx)] == ["疑似涉密"]
        assert not await recounted(tx)
        assert await workflow.release(tx, row_id, "核实不涉密") is None
        assert len((await ledger_page(tx, Filters())).rows) == 1
        assert await recounted(tx)
    async with world.working(world.university) as tx:
        sent = await tx.rows(select(outbox.c.kind).where(outbox.c.tenant_id == tx.tenant_id))
        assert [row.kind for row in sent] == ["message"]


async def test_a_set_is_registered_whole_with_people_numbers_words_and_totals(world: World) -> None:
    count = 120
    async with world.acting(world.university) as tx:
        single = await registered(tx)
        done = await workflow.register_many(
            tx,
            (
                entry(
                    f"批量成果第{n}号",
                    status="converted" if n % 4 == 0 else "not_converted",
                    mode="licence" if n % 4 == 0 else None,
                    value=Decimal(n) if n % 4 == 0 else None,
                    value_kind="amount" if n % 4 == 0 else None,
                    stage_declared="development",
                    stage_recognised="research",
                    rights=(Right(f"2018SR{n:06d}", "software_copyright"),),
                    deals=(Deal(mode="licence", amount=Decimal(n)),) if n % 4 == 0 else (),
                    team=(Completer(name="杨思远"), Completer(name=f"成员{n % 7}"), Completer(name="杨思远")),
                )
                for n in range(count)
            ),
            held_from=date(2025, 12, 31),
            source="imported",
            import_id=new_id(),
        )
        assert (done.count, done.first_number, done.last_number) == (count, 2, count + 1)
    async with world.acting(world.university) as tx:
        assert await recounted(tx)
        page = await ledger_page(tx, Filters(q="批量"))
        assert len(page.rows) == 20
        assert page.rows[0]["code"] == f"CS-{count + 1:04d}"
        assert page.rows[0]["team_size"] == 2
        assert page.total == count + 1
        detail = await queries.achievement_detail(tx, page.rows[-1]["id"], as_of=date(2026, 1, 1))
        assert detail is not None
        assert detail.team[0].name == "杨思远"
        assert detail.rights[0].kind == "software_copyright"
        people = await tx.scalar(text("select count(*) from app.person where name = '杨思远'"))
        assert people == 1
        assert (await queries.find_achievement(tx, single)) is not None
