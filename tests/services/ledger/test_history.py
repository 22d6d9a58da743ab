"""Whatever happens to a ledger: its history gives the state on any day, totals equal a recount, numbers are used once."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger import queries, workflow
from services.ledger.entry import Completer, Deal, Entry
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import ledger_number
from services.ledger.withdrawal import lock_registered, revoke_registered, touched_rows
from shared.db.engine import make_engine
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import new_id
from tests.conftest import Database
from tests.services.ledger.test_workflow import DAY, recounted
from tests.world import START, World, make_world

TODAY = START.date()
DAYS = [DAY + timedelta(days=n) for n in range((TODAY - DAY).days + 1)]
FIELDS = ("status", "value", "college")
STATES = st.sampled_from([("not_converted", None), ("intended", Decimal("100.00")), ("converting", Decimal("250.50"))])


class Book:
    """What the ledger should say, kept the plain way: the value of every field on every day."""

    def __init__(self) -> None:
        self.days: dict[UUID, dict[date, dict[str, Any]]] = {}
        self.numbers: list[int] = []
        self.revoked: set[UUID] = set()
        self.touched: set[UUID] = set()
        self.imports: list[tuple[UUID, list[UUID]]] = []


class Ledger(RuleBasedStateMachine):
    """Verbs in any order, each in a transaction of its own; a plain book beside them."""

    world: World
    loop: asyncio.AbstractEventLoop
    engines: Sequence[AsyncEngine]
    rows = Bundle("rows")

    @initialize()
    def begin(self) -> None:
        self.book = Book()
        self.names = 0
        self.world = self.run(make_world(*self.engines))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def acting(self) -> AbstractAsyncContextManager[Transaction]:
        return self.world.acting(self.world.university)

    @rule(target=rows, begins=st.sampled_from(DAYS), state=STATES, many=st.booleans())
    def register(self, begins: date, state: tuple[str, Decimal | None], many: bool) -> Any:
        entries = []
        for _ in range(2 if many else 1):
            self.names += 1
            team = (Completer(name=f"成员{self.names % 3}"),)
            name = f"成果第{self.names}号"
            entries.append(
                Entry(name=name, type="patent_right", status=state[0], value=state[1], team=team, college="甲学院")
            )

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

        ids = self.run(work())
        for row_id in ids:
            self.book.numbers.append(len(self.book.numbers) + 1)
            self.book.days[row_id] = {
                day: {"status": state[0], "value": state[1], "college": "甲学院"} for day in DAYS if day >= begins
            }
        return multiple(*ids)

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
        if row_id in self.book.revoked or since not in days:
            assert isinstance(done, Refusal)
            return
        assert not isinstance(done, Refusal), done
        self.book.touched.add(row_id)
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
        if row_id in self.book.revoked:
            assert isinstance(done, Refusal)
            return
        assert isinstance(done, UUID), done
        self.book.touched.add(row_id)
        days = self.book.days[row_id]
        since = max(signed, min(days))
        now = days[TODAY]
        value = amount + (now["value"] or 0) if now["status"] == "converted" else amount
        changed = {"value": value} | ({"status": "converted"} if now["status"] != "converted" else {})
        changed = {name: one for name, one in changed.items() if now[name] != one}
        for day in days:
            if day >= since:
                days[day].update(changed)

    @rule(row_id=consumes(rows))
    def revoke(self, row_id: UUID) -> None:
        async def work() -> Any:
            async with self.acting() as tx:
                return await workflow.revoke(tx, row_id, "重复登记")

        done = self.run(work())
        assert (done is None) == (row_id not in self.book.revoked)
        self.book.revoked.add(row_id)

    @rule(place=st.integers(0, 5))
    def undo_an_import(self, place: int) -> None:
        if not self.book.imports:
            return
        import_id, ids = self.book.imports[place % len(self.book.imports)]

        async def work() -> bool:
            async with self.acting() as tx:
                await lock_registered(tx, import_id)
                if await touched_rows(tx, import_id):
                    return False
                assert await revoke_registered(tx, import_id, "撤销导入") == len(ids)
                return True

        undone = self.run(work())
        assert undone == (not (self.book.touched | self.book.revoked) & set(ids))
        if undone:
            self.book.revoked |= set(ids)

    @invariant()
    def the_ledger_agrees_with_the_book(self) -> None:
        if hasattr(self, "book"):
            self.run(self.compare())

    async def compare(self) -> None:
        async with self.acting() as tx:
            await recounted(tx)
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
                    row_id: days[day]
                    for row_id, days in self.book.days.items()
                    if day in days and row_id not in self.book.revoked
                }
                assert found == expected, day
            today = await ledger_page(tx, Filters(), limit=100)
            listed = {row["id"]: {name: row[name] for name in FIELDS} for row in today.rows}
            assert listed == {i: d[TODAY] for i, d in self.book.days.items() if i not in self.book.revoked}
            for row_id in list(self.book.days)[:2]:
                versions = await queries.versions_of(tx, row_id)
                known = [v for v in versions if v.recorded.upper is None]
                assert all(one.held.upper == two.held.lower for one, two in pairwise(known))
                assert known[-1].held.upper is None


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


@pytest.mark.requirement("R061")
def test_history_totals_and_numbers_hold_whatever_happens(machine: type[Ledger]) -> None:
    case = machine.TestCase
    case.settings = settings(
        max_examples=12,
        stateful_step_count=14,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()
