"""Imports in any order, undone and made again, their questions answered, workers killed: it ends where one import ends."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger.importing import answering, queries, undoing, workflow
from services.ledger.importing.answering import Answered
from services.ledger.importing.settling import Rows
from shared.db.engine import make_engine
from shared.documents.uploads import Upload
from shared.errors import Refusal
from shared.storage.objects import ObjectStore
from tests.conftest import Database
from tests.services.ledger.importing.arranging import AS_OF, HEAD, killed_after, workbook
from tests.services.ledger.importing.test_undoing import standing
from tests.services.ledger.test_workflow import recounted
from tests.world import World, make_world


def _row(number: int, status: str = "未转化", method: str = "", value: Any = "", right: str = "") -> list[Any]:
    kind = "发明专利" if right else "非专利技术"
    return [f"第{number}号示例工艺", "甘棠、伍文", kind, right, status, method, value]


# Two files that overlap, one with a question, and one whose last row is its first one's further conversion.
FILES: tuple[list[list[Any]], ...] = (
    [_row(1, right="ZL201810862228.X"), _row(2, "已转化", "转让", 5), _row(3)],
    [_row(3), _row(4), _row(5, "待定")],
    [_row(6, "已转化", "许可", 7), _row(7), _row(6, "已转化", "许可", 9)],
)
UPLOADS = tuple(
    Upload(f"台账{n}.xlsx", workbook(rows, HEAD, title="截至2025年12月31日")) for n, rows in enumerate(FILES)
)
PLACES = st.integers(0, len(FILES) - 1)
_UNKNOWN = Rows(code="status_unknown", field="转化状态", said="待定")
_REPEATED = Rows(code="duplicate", field="成果名称", said="与前面的行是同一成果，合同不同")


class Imports(RuleBasedStateMachine):
    """Whole imports as steps, each in transactions of its own; a plain book of whose names stand in the ledger."""

    world: World
    objects: ObjectStore
    loop: asyncio.AbstractEventLoop
    engines: Sequence[AsyncEngine]
    once: Any = None

    @initialize()
    def begin(self) -> None:
        self.world = self.run(make_world(*self.engines))
        self.live: dict[int, UUID] = {}
        self.made: dict[UUID, dict[str, str]] = {}
        self.registered = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def _tenant(self) -> UUID:
        return self.world.university

    def _standing(self) -> dict[str, UUID]:
        return {name: import_id for import_id, names in self.made.items() for name in names}

    @rule(place=PLACES, killed=st.sampled_from(["", "read", "apply"]))
    def make(self, place: int, killed: str) -> None:
        import_id = self.run(self._make(UPLOADS[place], killed))
        if place in self.live:
            assert import_id is None
            return
        assert import_id is not None
        taken = self._standing()
        said = {row[0]: row[4] for row in reversed(FILES[place])}
        self.made[import_id] = {n: s for n, s in said.items() if s != "待定" and n not in taken}
        self.registered += len(self.made[import_id])
        self.live[place] = import_id

    async def _make(self, upload: Upload, killed: str) -> UUID | None:
        async with self.world.acting(self._tenant) as tx:
            import_id = await workflow.receive(tx, self.objects, upload)
        if isinstance(import_id, Refusal):
            assert import_id.code == "import.known"
            return None
        if killed == "read":
            await killed_after(self.world, self._tenant, lambda tx: workflow.read_chunk(tx, self.objects, import_id))
        more = True
        while more:
            async with self.world.working(self._tenant) as tx:
                more = await workflow.read_chunk(tx, self.objects, import_id, size=2)
        async with self.world.acting(self._tenant) as tx:
            refused = await workflow.confirm(tx, import_id, AS_OF)
        if refused is not None:
            # every row stands in the ledger already: there is nothing to import
            assert refused.code == "import.nothing"
            async with self.world.acting(self._tenant) as tx:
                assert await workflow.cancel(tx, import_id) is None
            raise AssertionError("no file is wholly contained in the others")
        if killed == "apply":
            await killed_after(self.world, self._tenant, lambda tx: workflow.apply(tx, import_id))
        for _ in range(2):
            async with self.world.working(self._tenant) as tx:
                await workflow.apply(tx, import_id)
        async with self.world.working(self._tenant) as tx:
            await workflow.tidy(tx, import_id)
        return import_id

    @precondition(lambda self: self.live)
    @rule(data=st.data(), killed=st.booleans())
    def undo(self, data: st.DataObject, killed: bool) -> None:
        place = data.draw(st.sampled_from(sorted(self.live)))
        import_id = self.live.pop(place)

        async def work() -> None:
            async with self.world.acting(self._tenant) as tx:
                assert await undoing.undo(tx, import_id, "再来一次") is None
            if killed:
                await killed_after(self.world, self._tenant, lambda tx: undoing.carry_out(tx, import_id))
            for _ in range(2):
                async with self.world.working(self._tenant) as tx:
                    await undoing.carry_out(tx, import_id)
            async with self.world.working(self._tenant) as tx:
                await workflow.tidy(tx, import_id)

        self.run(work())
        self.made.pop(import_id)

    @precondition(lambda self: 1 in self.live)
    @rule()
    def answer_the_status(self) -> None:
        done = self.run(self._answer(self.live[1], _UNKNOWN, {"status": "意向转化"}))
        name = FILES[1][2][0]
        if name not in self.made[self.live[1]]:
            assert done == Answered(1, waiting=False)
            self.made[self.live[1]][name] = "意向转化"
            self.registered += 1

    @precondition(lambda self: 2 in self.live)
    @rule()
    def join_the_further_conversion(self) -> None:
        self.run(self._answer(self.live[2], _REPEATED, {"further_conversion": ""}))

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def ask_the_ledger_again(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.live)))
        known = Rows(code="already_in_ledger", field="成果名称")
        self.run(self._answer(self.live[place], known, {"again": ""}))
        taken, own = self._standing(), self.made[self.live[place]]
        fresh = {row[0]: row[4] for row in FILES[place] if row[4] != "待定" and row[0] not in taken}
        own.update(fresh)
        self.registered += len(fresh)

    async def _answer(self, import_id: UUID, rows: Rows, answers: dict[str, str]) -> Answered | Refusal:
        async with self.world.acting(self._tenant) as tx:
            return await answering.answer(tx, import_id, rows, answers)

    @invariant()
    def the_ledger_is_what_the_imports_made_it(self) -> None:
        if hasattr(self, "live"):
            self.run(self._compare())

    async def _compare(self) -> None:
        async with self.world.acting(self._tenant) as tx:
            await recounted(tx)
            found = await tx.rows(
                text("select name, import_id from app.achievement where tenant_id = :t and state = 'registered'"),
                {"t": tx.tenant_id},
            )
            assert {row.name: row.import_id for row in found} == self._standing()
            numbers = await tx.rows(
                text("select number, revoked_at from app.ledger_number where tenant_id = :t order by number"),
                {"t": tx.tenant_id},
            )
            assert [row.number for row in numbers] == list(range(1, self.registered + 1))
            assert sum(row.revoked_at is None for row in numbers) == len(found)
            for import_id in self.live.values():
                assert await queries.pending_rows(tx, import_id) == 0

    def teardown(self) -> None:
        if not hasattr(self, "live"):
            return
        assert self.run(self._all_once_more()) == type(self).once

    async def _all_once_more(self) -> Any:
        for import_id in self.live.values():
            async with self.world.acting(self._tenant) as tx:
                assert await undoing.undo(tx, import_id, "最后") is None
            async with self.world.working(self._tenant) as tx:
                await undoing.carry_out(tx, import_id)
        return await self._each_once()

    async def _each_once(self) -> Any:
        for upload in UPLOADS:
            import_id = await self._make(upload, "")
            assert import_id is not None
            if upload is UPLOADS[2]:
                assert await self._answer(import_id, _REPEATED, {"further_conversion": ""}) == Answered(
                    1, waiting=False
                )
        return await standing(self.world)


@pytest.fixture
def machine(database: Database, objects: ObjectStore) -> Iterator[type[Imports]]:
    """The machine with a loop and engines of its own, and what one import of each file ends in."""
    loop = asyncio.new_event_loop()
    engines = [make_engine(database.url(login), pool_size=2) for login in ("maintenance", "web", "tasks")]
    Imports.loop, Imports.engines, Imports.objects = loop, engines, objects
    first = Imports()
    first.begin()
    Imports.once = first.run(first._each_once())
    yield Imports
    for engine in engines:
        loop.run_until_complete(engine.dispose())
    loop.close()


@pytest.mark.requirement("R170")
def test_import_undo_and_import_again_ends_where_one_import_ends(machine: type[Imports]) -> None:
    case = machine.TestCase
    case.settings = settings(
        max_examples=4,
        stateful_step_count=8,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()
