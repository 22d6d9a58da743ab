"""Whatever happens to a ledger: its history gives the state on any day, totals equal a recount, numbers are used once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, consumes, initialize, invariant, multiple, precondition, rule
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.home.dashboard import queries as dashboard
from services.ledger import queries, workflow
from services.ledger.entry import Completer, Deal, Entry, Right
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import ledger_number
from services.ledger.ownership import workflow as ownership
from services.ledger.ownership.queries import periods as periods_of
from services.ledger.ownership.rules import Owner
from services.ledger.points import Point
from services.ledger.rights import workflow as rights
from services.ledger.views.queries import facet_counts
from services.ledger.withdrawal import lock_registered, revoke_registered, touched_rows
from shared.db.engine import make_engine
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import new_id
from tests.conftest import Database
from tests.services.ledger.further_verbs import DAYS, ROWS, TODAY, Book, Days, FurtherVerbs
from tests.services.ledger.test_past_totals import recounted_days
from tests.services.ledger.test_workflow import recounted
from tests.world import World, make_world

FIELDS = ("status", "value", "college")
STATES = st.sampled_from([("not_converted", None), ("intended", Decimal("100.00")), ("converting", Decimal("250.50"))])


class Ledger(FurtherVerbs, RuleBasedStateMachine):
    """Verbs in any order, each in a transaction of its own; a plain book beside them."""

    world: World
    loop: asyncio.AbstractEventLoop
    engines: Sequence[AsyncEngine]
    rows = ROWS

    @initialize(target=rows, begins=st.sampled_from(DAYS[:5]))
    def begin(self, begins: date) -> Any:
        self.book = Book()
        self.names = self.steps = 0
        self.world = self.run(make_world(*self.engines))
        return multiple(*self._register(begins, ("not_converted", None), many=False))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def acting(self) -> AbstractAsyncContextManager[Transaction]:
        return self.world.acting(self.world.university)

    @rule(target=rows, begins=st.sampled_from(DAYS), state=STATES, many=st.booleans())
    def register(self, begins: date, state: tuple[str, Decimal | None], many: bool) -> Any:
        return multiple(*self._register(begins, state, many=many))

    def _register(self, begins: date, state: tuple[str, Decimal | None], *, many: bool) -> list[UUID]:
        entries = []
        for _ in range(2 if many else 1):
            self.names += 1
            team = (Completer(name=f"成员{self.names % 3}"),)
            name = f"成果第{self.names}号"
            values = {"status": state[0], "value": state[1], "stage_recognised": "research", "college": "甲学院"}
            entries.append(Entry(name=name, type="patent_right", team=team, **values))  # type: ignore[arg-type]

        async def work() -> list[UUID]:
            async with self.acting() as tx:
                if not many:
                    done = await workflow.register(tx, entries[0], held_from=begins)
                    assert isinstance(done, UUID)
                    return [done]
                import_id = new_id()
                entries[:] = [entry.with_(id=new_id()) for entry in entries]
                await workflow.register_many(tx, entries, held_from=begins, source="imported", import_id=import_id)
                ids = [entry.id for entry in entries if entry.id is not None]
                self.book.imports.append((import_id, ids))
                return ids

        ids: list[UUID] = self.run(work())
        for row_id in ids:
            self.book.numbers.append(len(self.book.numbers) + 1)
            self.book.days[row_id] = {
                day: {
                    "status": state[0],
                    "value": state[1],
                    "college": "甲学院",
                    "owner": None,
                    "right": None,
                    "stage": "research",
                }
                for day in DAYS
                if day >= begins
            }
        return ids

    @rule(row_id=rows, since=st.sampled_from(DAYS), state=STATES, college=st.sampled_from(["乙学院", "丙学院", None]))
    def correct(self, row_id: UUID, since: date, state: tuple[str, Decimal | None], college: str | None) -> None:
        wanted: dict[str, Any] = {"status": state[0], "value": state[1]}
        if college is not None:
            wanted["college"] = college

        async def work() -> Any:
            async with self.acting() as tx:
                return await workflow.correct(tx, row_id, wanted, since=since, reason="更正")

        done = self.run(work())
        days = self.book.days[row_id]
        if not self.book.knows(row_id, since):
            assert isinstance(done, Refusal)
            return
        assert not isinstance(done, Refusal), done
        self.book.touch(row_id)
        now = dict(days[TODAY])
        changed = {name: value for name, value in wanted.items() if now[name] != value}
        for day in days:
            if day >= since:
                days[day].update(changed)

    @rule(row_id=rows, signed=st.sampled_from(DAYS), amount=st.sampled_from([Decimal("10.00"), Decimal("99.99")]))
    def convert(self, row_id: UUID, signed: date, amount: Decimal) -> None:
        async def work() -> Any:
            async with self.acting() as tx:
                deal = Deal(mode="licence", signed_on=signed, amount=amount)
                return await workflow.record_conversion(tx, row_id, deal)

        done = self.run(work())
        if row_id in self.book.gone:
            assert isinstance(done, Refusal)
            return
        assert isinstance(done, UUID), done
        self.book.conversions.setdefault(row_id, done)
        self.book.touch(row_id)
        days = self.book.days[row_id]
        since = max(signed, min(days))
        self.book.signed.append((row_id, since, signed, amount))
        for day, then in days.items():
            if day >= since:
                then["value"] = amount + (then["value"] or 0) if then["status"] == "converted" else amount
                then["status"] = "converted"

    @rule(row_id=rows, since=st.sampled_from(DAYS), name=st.sampled_from(["甲研究院", "乙研究院"]))
    def own(self, row_id: UUID, since: date, name: str) -> None:
        async def work() -> Any:
            async with self.acting() as tx:
                owners = (Owner(name, Fraction(1)),)
                return await ownership.record_ownership(tx, row_id, owners, since=since, reason="登记权属")

        self.later(row_id, since, self.run(work()), owner=name)

    @rule(row_id=rows, since=st.sampled_from(DAYS), status=st.sampled_from(["applied", "lapsed"]))
    def hold_a_right(self, row_id: UUID, since: date, status: str) -> None:
        number = f"KNOW-{row_id.hex[-12:]}"

        async def work() -> Any:
            async with self.acting() as tx:
                right = Right(number, "non_patent_technology", status=status)
                return await rights.record_right(tx, row_id, right, since=since, reason="登记", replaces=number)

        self.later(row_id, since, self.run(work()), right=status)

    def later(self, row_id: UUID, since: date, done: Any, **changed: str) -> None:
        """What a recorded change makes of the days of the book, or its refusal of none."""
        days = self.book.days[row_id]
        if not self.book.knows(row_id, since):
            assert isinstance(done, Refusal)
            return
        assert not isinstance(done, Refusal), done
        self.book.touch(row_id)
        now = dict(days[TODAY])
        for name, value in changed.items():
            # what stands today already is not changed on the days before
            if name == "right" or now[name] != value:
                for day in days:
                    if day >= since:
                        days[day][name] = value

    @precondition(lambda self: len(self.book.instants) < 2 and self.book.touched)
    @rule()
    def look_back_later(self) -> None:
        """Remember what is known now, to be asked for as it was known at this instant."""

        async def work() -> datetime:
            async with self.acting() as tx:
                return await tx.recorded_now()

        book = deepcopy(self.book)
        self.book.instants.append((self.run(work()), book.days, book.revoked, book.payments))

    @rule(row_id=consumes(rows))
    def revoke(self, row_id: UUID) -> None:
        async def work() -> Any:
            async with self.acting() as tx:
                return await workflow.revoke(tx, row_id, "重复登记")

        done = self.run(work())
        assert (done is None) == (row_id not in self.book.gone)
        if done is None:
            self.book.revoked.add(row_id)

    @precondition(lambda self: self.book.imports)
    @rule(place=st.integers(0, 5))
    def undo_an_import(self, place: int) -> None:
        import_id, ids = self.book.imports[place % len(self.book.imports)]

        async def work() -> bool:
            async with self.acting() as tx:
                await lock_registered(tx, import_id)
                if await touched_rows(tx, import_id):
                    return False
                assert await revoke_registered(tx, import_id, "撤销导入") == len(ids)
                return True

        undone = self.run(work())
        assert undone == (not (self.book.touched | self.book.gone) & set(ids))
        if undone:
            self.book.revoked |= set(ids)

    @invariant()
    def the_ledger_agrees_with_the_book(self) -> None:
        """Looked at after every sixth verb, and at the end."""
        if hasattr(self, "book"):
            self.steps += 1
            if self.steps % 6 == 0:
                self.run(self.compare())

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.run(self.compare())

    async def compare(self) -> None:
        async with self.acting() as tx:
            await recounted(tx)
            await recounted_days(tx)
            numbers = await tx.rows(
                select(ledger_number.c.number, ledger_number.c.achievement_id, ledger_number.c.revoked_at)
                .where(ledger_number.c.tenant_id == tx.tenant_id)
                .order_by(ledger_number.c.number)
            )
            assert [row.number for row in numbers] == self.book.numbers
            assert {row.achievement_id for row in numbers if row.revoked_at} == self.book.revoked
            for day in (DAYS[0], DAYS[len(DAYS) // 2], DAYS[-1] - timedelta(days=1), TODAY):
                page = await ledger_page(tx, Filters(as_of=day), limit=100)
                found = {row["id"]: {name: row[name] for name in FIELDS} for row in page.rows}
                expected = {
                    row_id: {name: days[day][name] for name in FIELDS}
                    for row_id, days in self.book.days.items()
                    if day in days and row_id not in self.book.gone
                }
                assert found == expected, day
            for day in (DAYS[0], DAYS[len(DAYS) // 2], TODAY):
                await self.compare_sums(tx, Point(day), self.book.days, self.book.gone)
                await self.compare_tabs(tx, Point(day), self.book.days, self.book.gone)
                await self.compare_money(tx, Point(day), self.book.days, self.book.revoked, self.book.payments)
            for instant, days, revoked_then, paid in self.book.instants:
                # what is suspected now is hidden as of every day
                revoked = revoked_then | self.book.quarantined
                point = Point(DAYS[len(DAYS) // 2], instant)
                await self.compare_sums(tx, point, days, revoked, money=False)
                await self.compare_tabs(tx, point, days, revoked)
                await self.compare_money(tx, point, days, revoked, paid)
                page = await ledger_page(tx, Filters(as_of=point.as_of, known_at=instant), limit=100)
                assert {row["id"] for row in page.rows} == {
                    one for one, held in days.items() if point.as_of in held and one not in revoked
                }
            today = await ledger_page(tx, Filters(), limit=100)
            listed = {row["id"]: {name: row[name] for name in FIELDS} for row in today.rows}
            wanted = {i: d[TODAY] for i, d in self.book.days.items() if i not in self.book.gone}
            assert listed == {i: {name: one[name] for name in FIELDS} for i, one in wanted.items()}
            for row_id in list(self.book.days)[:2]:
                versions = await queries.versions_of(tx, row_id)
                known = [v for v in versions if v.recorded.upper is None]
                assert all(one.held.upper == two.held.lower for one, two in pairwise(known))
                assert known[-1].held.upper is None

    async def compare_sums(
        self, tx: Transaction, point: Point, days: Days, revoked: set[UUID], *, money: bool = True
    ) -> None:
        """Facets and dashboard count what the book has on the day."""
        day = point.day(TODAY)
        held = {one: at[day] for one, at in days.items() if day in at and one not in revoked}
        filters = Filters(as_of=point.as_of, known_at=point.known_at)
        counted = await facet_counts(tx, filters, ["status", "college"])
        for name in ("status", "college"):
            assert counted[name].counts == Counter(one[name] for one in held.values()), (name, day)
        stock = await dashboard.stock(tx, point)
        last = {code: counts[-1] for code, counts in stock.by_status.items() if counts[-1]}
        assert last == Counter(one["status"] for one in held.values()), day
        assert dict(await dashboard.funnel(tx, point))["登记在册"] == len(held)
        if money:
            signed = [one for one in self.book.signed if one[0] in held and one[1] <= day]
            income = await dashboard.income(tx, point)
            assert sum((one.total for one in income), Decimal(0)) == sum((one[3] for one in signed), Decimal(0)), day
            assert sum(one.contracts for one in income) == len(signed)

    async def compare_tabs(self, tx: Transaction, point: Point, days: Days, revoked: set[UUID]) -> None:
        """Owners and rights of each achievement are those of the day."""
        day = point.day(TODAY)
        for row_id in [one for one, at in days.items() if day in at and one not in revoked][:3]:
            detail = await queries.achievement_detail(tx, row_id, as_of=point.as_of, known_at=point.known_at)
            assert detail is not None
            told = detail.row.owners
            assert (told[0]["name"] if told else None) == days[row_id][day]["owner"], day
            assert next((one.status for one in detail.rights), None) == days[row_id][day]["right"], day
            assert detail.row.stage_recognised == days[row_id][day]["stage"], day
            periods = await periods_of(tx, row_id, point)
            assert (periods[0].owners[0]["name"] if periods else None) == days[row_id][day]["owner"]


@pytest.fixture
def machine(database: Database) -> Iterator[type[Ledger]]:
    """The machine with a loop and engines of its own: Hypothesis drives it without a running loop."""
    loop = asyncio.new_event_loop()
    engines = [make_engine(database.url(login), pool_size=2) for login in ("maintenance", "web", "tasks")]

    Ledger.loop, Ledger.engines = loop, engines
    yield Ledger
    for engine in engines:
        loop.run_until_complete(engine.dispose())
    loop.close()


@pytest.mark.requirement("R061", "R205")
def test_history_totals_and_numbers_hold_whatever_happens(machine: type[Ledger]) -> None:
    case = machine.TestCase
    case.settings = settings(
        max_examples=30,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        # every step is a database's work: to shrink a case takes minutes and tells little more
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()


@pytest.mark.requirement("R205")
def test_each_verb_that_writes_history_is_in_the_book(machine: type[Ledger]) -> None:
    """Chance may pass a verb by: each is walked once here, the book compared after every step."""
    book = machine()
    (row,) = book.begin(begins=DAYS[0]).values
    (other,) = book.register(begins=DAYS[2], state=("intended", Decimal("100.00")), many=False).values
    book.register(begins=DAYS[0], state=("not_converted", None), many=True)
    walk: Sequence[Callable[[], Any]] = (
        lambda: book.hold_a_right(row_id=row, since=DAYS[1], status="lapsed"),
        lambda: book.hold_a_right(row_id=row, since=DAYS[2], status="applied"),
        lambda: book.lose_the_right(row_id=row, lost_on=DAYS[5], cause="assigned"),
        lambda: book.convert(row_id=row, signed=DAYS[3], amount=Decimal("10.00")),
        lambda: book.receive_money(place=0, day=DAYS[4], amount=Decimal("3.00")),
        book.look_back_later,
        lambda: book.receive_money(place=0, day=DAYS[-1], amount=Decimal("40.00")),
        lambda: book.take_money_back(place=0),
        lambda: book.own(row_id=row, since=DAYS[2], name="甲研究院"),
        lambda: book.correct(row_id=row, since=DAYS[9], state=("converting", Decimal("250.50")), college="乙学院"),
        lambda: book.change_many(first=row, second=other, since=DAYS[4], college="丁学院"),
        lambda: book.take_many_back(place=0),
        lambda: book.recognise_development(row_id=row, since=DAYS[3]),
        book.look_back_later,
        lambda: book.recognise_development(row_id=row, since=DAYS[6]),
        lambda: book.take_the_proof_back(place=0),
        lambda: book.hand_to_the_screening(row_id=other),
        lambda: book.hand_to_the_screening(row_id=other),
        lambda: book.quarantine_or_release(row_id=row),
        lambda: book.quarantine_or_release(row_id=row),
        lambda: book.undo_an_import(place=0),
        lambda: book.revoke(row_id=other),
    )
    for step in walk:
        step()
        book.run(book.compare())
    told = book.book
    assert (len(told.revoked), len(told.signed), len(told.instants)) == (3, 1, 2)
    assert told.batches[0].undone
    assert len(told.batches[0].before) == 2
    assert (told.payments, told.papers, told.quarantined) == ({}, {}, set())
