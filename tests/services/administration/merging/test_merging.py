"""One institution goes over to another: by two operators, whole or not at all, counted once, the old numbers still found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from services.administration.merging import carrying, queries, workflow
from services.administration.merging.forms import MergerForm
from services.administration.merging.models import organisation_merger
from services.ledger import listing
from services.ledger import queries as ledger_queries
from services.ledger import workflow as ledger
from services.ledger.entry import Completer, Deal
from services.ledger.forms import filters_of
from services.ledger.models import achievement, ledger_number, ledger_total, province_total
from services.ledger.papers.models import ledger_paper
from services.ledger.payments import workflow as payments
from services.ledger.payments.models import conversion_payment
from services.ledger.totals import RECOUNT
from services.ledger.transferring.models import achievement_origin
from services.pilot.models import pilot_membership
from services.pilot.workflow import select_institution
from shared.audit.verification import verify_chain
from shared.db.transaction import Actor, Scope, Transaction, unconfined
from shared.errors import FormInvalid, Refusal
from shared.ids import new_id
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.people import person
from tenants.provisioning import NotProvisioned, set_active
from tenants.registry import find_tenant, organisation
from tenants.sessions import session
from tests.services.annual_report.arranging import deal, entry
from tests.services.ledger.payments.test_payments import paid
from tests.services.ledger.test_past_totals import recounted_days
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import START, World

TODAY = START.date()
DAY = TODAY + timedelta(days=10)


@asynccontextmanager
async def operator(world: World, who: str = "operator", **values: Any) -> AsyncIterator[Transaction]:
    async with world.acting(world.operator, who, "operator", **values) as tx:
        yield tx


async def filled(world: World, unit: UUID, names: list[str], **changes: Any) -> list[UUID]:
    made = []
    async with world.acting(unit) as tx:
        for name in names:
            done = await ledger.register(tx, entry(name, **changes), held_from=TODAY - timedelta(days=60))
            assert isinstance(done, UUID), done
            made.append(done)
    return made


async def proposed(world: World, since: date = DAY) -> UUID:
    async with operator(world) as tx:
        wanted = MergerForm(target=world.university, since=since, document="关于示例研究院并入的通知")
        return await workflow.propose(tx, world.institute, wanted)


async def confirmed(world: World) -> UUID:
    merger_id = await proposed(world)
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    async with operator(world, "operator_two") as tx:
        assert await workflow.confirm(tx, merger_id) is None
    return merger_id


async def carried(world: World, configuration: Settings, merger_id: UUID, day: date = DAY) -> bool:
    scope = Scope("", world.operator, world.province_id, world.operator, world.operator)
    keyring = Keyring(configuration.key_directory)
    async with unconfined(world.maintenance, scope, Actor(None, world.operator)) as tx:
        tx.now = at(day.isoformat(), 2, 30)
        return await carrying.carry_out(tx, ObjectStore(configuration), keyring, merger_id)


async def state_of(world: World, merger_id: UUID) -> Any:
    async with world.maintenance.connect() as connection:
        found = await connection.execute(select(organisation_merger).where(organisation_merger.c.id == merger_id))
        return found.one()


async def rows_of(world: World, table: Any, unit: UUID) -> list[Any]:
    async with world.maintenance.connect() as connection:
        return list(await connection.execute(select(table).where(table.c.tenant_id == unit)))


async def totals_hold(world: World, *units: UUID) -> None:
    """Each unit's totals are a recount of its ledger, and the province's are their sum."""
    async with world.maintenance.connect() as connection:
        summed: dict[tuple[str, str, str], tuple[int, int, Decimal]] = {}
        for unit in units:
            kept = await connection.execute(select(ledger_total).where(ledger_total.c.tenant_id == unit))
            cells = {(r.dimension, r.first, r.second): (r.n, r.n_valued, r.sum) for r in kept if r.n or r.sum}
            recount = await connection.execute(RECOUNT, {"tenant": unit})
            assert cells == {(r.dimension, r.first, r.second): (r.n, r.n_valued, r.sum) for r in recount}
            async with unconfined(world.maintenance, world.scope(unit), Actor(None, unit)) as tx:
                await recounted_days(tx)
            for cell, counted in cells.items():
                before = summed.get(cell, (0, 0, Decimal(0)))
                summed[cell] = tuple(a + b for a, b in zip(before, counted, strict=True))
        rolled = await connection.execute(
            select(province_total).where(province_total.c.province_id == world.province_id, province_total.c.n > 0)
        )
        assert {(r.dimension, r.first, r.second): (r.n, r.n_valued, r.sum) for r in rolled} == summed


async def test_what_is_registered_ends_here_and_opens_there_with_its_old_number(
    world: World, configuration: Settings
) -> None:
    await filled(world, world.university, ["旧有成果"])
    first, second = await filled(
        world,
        world.institute,
        ["稀土分离方法", "高原作物栽培"],
        team=(Completer(name="杨思远"), Completer(name="和晓梅")),
    )
    async with world.acting(world.institute) as tx:
        conversion = await ledger.record_conversion(tx, first, deal(TODAY - timedelta(days=5)))
        assert isinstance(conversion, UUID), conversion
    async with world.acting(world.institute, "finance") as tx:
        assert isinstance(await payments.record_payment(tx, first, paid(conversion)), UUID)
    store = ObjectStore(configuration)
    digest = await store.put(world.institute, b"paper of the stage")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            ledger_paper.insert().values(
                tenant_id=world.institute, id=new_id(), achievement_id=second, purpose="stage", kind="report",
                file_name="证明.pdf", media_type="application/pdf", size=18, object_hash=digest, added_at=START,
            )
        )  # fmt: skip
    merger_id = await confirmed(world)
    assert not await carried(world, configuration, merger_id, DAY - timedelta(days=1)), "its day has not come"
    assert await carried(world, configuration, merger_id)
    assert not await carried(world, configuration, merger_id), "a second run finds nothing to do"

    origins = {row.former_id: row for row in await rows_of(world, achievement_origin, world.university)}
    assert [origins[one].former_code for one in (first, second)] == ["CS-0001", "CS-0002"]
    here = {row.id: row for row in await rows_of(world, achievement, world.university)}
    assert sorted(row.number for row in here.values()) == [1, 2, 3]
    new = here[origins[first].achievement_id]
    assert (new.name, new.state, new.source, new.status, new.value) == (
        "稀土分离方法", "registered", "merged", "converted", Decimal(500_000)
    )  # fmt: skip
    assert {row.state for row in await rows_of(world, achievement, world.institute)} == {"merged"}
    numbers = await rows_of(world, ledger_number, world.institute)
    assert {row.number: row.revoked_at for row in numbers} == {1: None, 2: None}, "the numbers stay used"
    (paper,) = await rows_of(world, ledger_paper, world.university)
    assert await store.get(world.university, paper.object_hash) == b"paper of the stage"
    (payment,) = await rows_of(world, conversion_payment, world.university)
    assert (payment.achievement_id, payment.amount) == (new.id, Decimal("300000.00"))
    people = [row for row in await rows_of(world, person, world.university) if row.name in ("杨思远", "和晓梅")]
    salts = {row.salt for row in await rows_of(world, person, world.institute)}
    assert {row.name for row in people} == {"杨思远", "和晓梅"}
    assert not {row.salt for row in people} & salts
    async with world.acting(world.university, at=at(DAY.isoformat())) as tx:
        found = await listing.ledger_page(tx, filters_of({"q": "CS-0001"}, tx.today), "-number")
        assert {row["name"] for row in found.rows} == {"旧有成果", "稀土分离方法"}, "its old number finds it"
        by_word = await listing.ledger_page(tx, filters_of({"q": "栽培"}, tx.today), "number")
        assert [row["name"] for row in by_word.rows] == ["高原作物栽培"]
        detail = await ledger_queries.achievement_detail(tx, new.id)
        assert detail is not None
        assert [one.name for one in detail.team] == ["杨思远", "和晓梅"]
        assert [(one.mode, one.amount) for one in detail.conversions] == [("licence", Decimal(500_000))]
        assert await ledger_queries.achievement_detail(tx, new.id, as_of=DAY - timedelta(days=1)) is None
    async with world.acting(world.institute, at=at(DAY.isoformat())) as tx:
        past = await ledger_queries.achievement_detail(tx, first, as_of=DAY - timedelta(days=1))
        assert past is not None
        assert (past.row.state, past.row.value) == ("registered", Decimal(500_000))
        listed = await listing.ledger_page(tx, filters_of({}, tx.today), "-number")
        assert not listed.rows
    await totals_hold(world, world.university, world.institute)


async def test_the_old_unit_only_reads_its_sessions_end_and_nothing_brings_it_back(
    site: Site, world: World, configuration: Settings
) -> None:
    await filled(world, world.institute, ["稀土分离方法"])
    clerk = await site.signed_in(world, world.institute)
    merger_id = await confirmed(world)
    assert await carried(world, configuration, merger_id)
    assert (await clerk.get("/institution/ledger")).status_code in (302, 303), "signed out"
    assert not await rows_of(world, session, world.institute)
    listed = await find_tenant(world.web, world.institute)
    assert listed is not None
    assert not listed.active
    async with operator(world) as tx:
        with pytest.raises(NotProvisioned, match="已并入"):
            await set_active(tx, world.institute, True)
    for unit in (world.institute, world.university):
        scope = Scope("", unit, world.province_id, unit, world.department)
        async with unconfined(world.maintenance, scope, Actor(None, unit)) as tx:
            report = await verify_chain(tx, Keyring(configuration.key_directory))
            assert report.holds
            assert report.waiting == 0


async def test_one_proposes_another_confirms_once_nothing_stands_in_the_way(world: World) -> None:
    await filled(world, world.institute, ["稀土分离方法"])
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert not isinstance(
            await select_institution(
                tx, world.institute, "ledger", first_day=TODAY, selected_on=TODAY, document="试点文件"
            ),
            Refusal,
        )
    merger_id = await proposed(world)
    async with operator(world, "operator_two") as tx:
        early = await workflow.confirm(tx, merger_id)
        assert isinstance(early, Refusal)
        assert early.code == "merger.not_examined"
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    async with operator(world) as tx:
        same = await workflow.confirm(tx, merger_id)
        assert isinstance(same, Refusal)
        assert same.code == "merger.same_person"
    async with operator(world, "operator_two") as tx:
        refused = await workflow.confirm(tx, merger_id)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.inputs) == ("merger.open.pilot", {"pilot": 1})
        assert "试点资格" in refused.message
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(pilot_membership)
            .where(pilot_membership.c.tenant_id == world.institute)
            .values(held=func.daterange(TODAY, DAY))
        )
    async with operator(world, "operator_two") as tx:
        assert await workflow.examine_again(tx, merger_id) is None
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    async with operator(world, "operator_two") as tx:
        assert await workflow.confirm(tx, merger_id) is None
        again = await workflow.confirm(tx, merger_id)
        assert isinstance(again, Refusal)
        assert await workflow.withdraw(tx, merger_id, "文件撤销") is None
    assert (await state_of(world, merger_id)).state == "withdrawn"


async def test_what_stands_in_both_ledgers_stops_it_with_both_numbers_and_leaves_all_as_it_was(
    world: World, configuration: Settings
) -> None:
    await filled(world, world.university, ["另一成果", "稀土 分离方法"])
    (own,) = await filled(world, world.institute, ["稀土分离方法"])
    merger_id = await confirmed(world)
    assert not await carried(world, configuration, merger_id)
    kept = await state_of(world, merger_id)
    assert kept.state == "confirmed"
    code, words, n = kept.findings["stands"][0]
    assert (code, n) == ("twice", 1)
    assert "CS-0001＝CS-0002" in words
    assert {row.state for row in await rows_of(world, achievement, world.institute)} == {"registered"}
    async with world.acting(world.institute) as tx:
        assert await ledger.revoke(tx, own, "与并入单位重复") is None
    assert await carried(world, configuration, merger_id, DAY + timedelta(days=1))
    assert not await rows_of(world, achievement_origin, world.university)


async def test_quarantined_records_stand_in_the_way(world: World, configuration: Settings) -> None:
    (own, _) = await filled(world, world.institute, ["稀土分离方法", "高原作物栽培"])
    merger_id = await confirmed(world)
    async with world.acting(world.institute) as tx:
        assert await ledger.quarantine(tx, own, "疑似涉密") is None
    assert not await carried(world, configuration, merger_id)
    assert (await state_of(world, merger_id)).findings["stands"][0][0] == "quarantined"


async def test_killed_in_the_middle_it_leaves_nothing_and_runs_again(
    world: World, configuration: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(world, world.institute, ["稀土分离方法"])
    merger_id = await confirmed(world)

    async def killed(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(carrying, "_close", killed)
        with pytest.raises(ConnectionResetError):
            await carried(world, configuration, merger_id)
    assert not await rows_of(world, achievement, world.university)
    assert {row.state for row in await rows_of(world, achievement, world.institute)} == {"registered"}
    assert await carried(world, configuration, merger_id)
    assert len(await rows_of(world, achievement, world.university)) == 1


@pytest.mark.parametrize(
    ("target", "since", "field"),
    [("institute", DAY, "target"), ("department", DAY, "target"), ("university", TODAY - timedelta(days=1), "since")],
)
async def test_a_unit_or_a_day_that_does_not_fit_is_said(world: World, target: str, since: date, field: str) -> None:
    async with operator(world) as tx:
        with pytest.raises(FormInvalid) as wrong:
            await workflow.propose(
                tx, world.institute, MergerForm(target=getattr(world, target), since=since, document="文件")
            )
    assert list(wrong.value.errors) == [field]


async def test_a_unit_is_part_of_one_merger_at_a_time(world: World) -> None:
    await proposed(world)
    async with operator(world) as tx:
        for source, target in ((world.institute, world.hospital), (world.university, world.hospital)):
            with pytest.raises(FormInvalid):
                await workflow.propose(tx, source, MergerForm(target=target, since=DAY, document="文件"))
        assert await queries.entangled(tx, [world.institute])


async def test_the_operators_pages(site: Site, world: World) -> None:
    await filled(world, world.institute, ["稀土分离方法"])
    first = await site.signed_in(world, world.operator, "operator", kind="operator")
    second = await site.signed_in(world, world.operator, "operator_two", "operator", kind="operator")
    here = f"/operator/organisations/{world.institute}/merger"
    assert (await first.post(here, {"target": "", "since": "x", "document": ""})).status_code == 422
    sent = {"target": str(world.university), "since": "2027-01-01", "document": "并入通知"}
    assert (await first.post(here, sent)).status_code == 303
    shown = await first.get(here)
    assert "正在核对" in shown.text
    merger_id = await _only(world)
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    shown = await first.get(here)
    assert "在册成果：1" in shown.text
    assert "须由另一人确认" in shown.text
    assert (await first.post(f"{here}/confirm", {}, page=here)).status_code == 422
    assert (await first.post(f"{here}/examine", {}, page=here)).status_code == 303
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    assert (await second.post(f"{here}/confirm", {}, page=here)).status_code == 303
    assert "已确认，待办理" in (await second.get(here)).text
    assert (await second.post(f"{here}/withdraw", {"reason": ""}, page=here)).status_code == 422
    assert (await second.post(f"{here}/withdraw", {"reason": "文件撤销"}, page=here)).status_code == 303
    assert "提议并入" in (await second.get(here)).text
    assert (await first.get(f"/operator/organisations/{world.department}/merger")).status_code == 404
    clerk = await site.signed_in(world, world.institute)
    assert (await clerk.get(here)).status_code == 404


async def _only(world: World) -> UUID:
    async with world.maintenance.connect() as connection:
        found = await connection.scalar(
            select(organisation_merger.c.id).where(organisation_merger.c.source_id == world.institute)
        )
        return UUID(str(found))


ENTRIES = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["patent_right", "software_copyright"]),
        st.integers(1, 900).map(lambda n: n * 1000),
        st.sampled_from(["registered", "revoked", "converted"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
async def test_nothing_is_ever_counted_twice_or_lost(
    world: World, configuration: Settings, entries: list[tuple[bool, str, int, str]]
) -> None:
    """Whatever the two ledgers hold, the merger changes no sum of the two, and every total stays a recount."""
    await _again(world)
    for place, (here, kind, amount, fate) in enumerate(entries):
        unit = world.university if here else world.institute
        (made,) = await filled(world, unit, [f"成果{new_id().hex}"], type=kind)
        async with world.acting(unit) as tx:
            if fate == "revoked":
                assert await ledger.revoke(tx, made, "登记错误") is None
            elif fate == "converted":
                signed = Deal("licence", f"公司{place}", signed_on=TODAY, amount=Decimal(amount))
                done = await ledger.record_conversion(tx, made, signed)
                assert isinstance(done, UUID), done
    before = await _both(world)
    assert await carried(world, configuration, await confirmed(world))
    await totals_hold(world, world.university, world.institute)
    assert await _both(world) == before


async def _both(world: World) -> tuple[int, Decimal]:
    async with world.maintenance.connect() as connection:
        row = (
            await connection.execute(
                select(
                    func.coalesce(func.sum(ledger_total.c.n), 0), func.coalesce(func.sum(ledger_total.c.sum), 0)
                ).where(ledger_total.c.province_id == world.province_id, ledger_total.c.dimension == "all")
            )
        ).one()
        return int(row[0]), Decimal(row[1])


async def _again(world: World) -> None:
    """The institute is itself again for the next example."""
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(organisation_merger).where(organisation_merger.c.state != "withdrawn").values(state="withdrawn")
        )
        await connection.execute(
            update(organisation).where(organisation.c.id == world.institute).values(state="active", settings={})
        )
        await connection.execute(
            text("update app.tenant_directory set active = true where id = :id"), {"id": world.institute}
        )
