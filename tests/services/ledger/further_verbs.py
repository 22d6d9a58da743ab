"""Further verbs that the plain book of the ledger's history follows: quarantine, bulk changes and their undoing, a lost right, the
recognised stage with its papers, payments, what is handed to the screening.
"""

from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, precondition, rule
from sqlalchemy import select

from services.ledger import workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.bulk.models import ledger_batch
from services.ledger.bulk.queries import chosen_rows
from services.ledger.losses import workflow as losses
from services.ledger.papers.workflow import Paper
from services.ledger.payments import workflow as payments
from services.ledger.payments.queries import received_by_year
from services.ledger.points import Point
from services.ledger.screening.workflow import Handed, hand_to_screening
from services.ledger.stages import workflow as stages
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import Refusal
from tests.services.ledger.losses.test_losses import CHECKS
from tests.services.ledger.stages.test_stage_workflow import DAYS as CRITERIA
from tests.services.ledger.stages.test_stage_workflow import Kept
from tests.services.ledger.test_workflow import DAY
from tests.world import START

TODAY = START.date()
DAYS = [DAY + timedelta(days=n) for n in range((TODAY - DAY).days + 1)]
ROWS = Bundle("rows")
Days = dict[UUID, dict[date, dict[str, Any]]]


@dataclass
class Paid:
    """A payment as it stands."""

    row_id: UUID
    conversion_id: UUID
    received_on: date
    amount: Decimal


@dataclass
class Batch:
    """A change of many: of each row it changed, which change of the row it was, and the days as they were before."""

    id: UUID
    since: date
    before: dict[UUID, tuple[int, dict[date, str | None]]]
    undone: bool = False


@dataclass
class Book:
    """What the ledger should say, kept the plain way: the value of every field on every day."""

    days: Days = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    revoked: set[UUID] = field(default_factory=set)
    quarantined: set[UUID] = field(default_factory=set)
    touched: set[UUID] = field(default_factory=set)
    changes: dict[UUID, int] = field(default_factory=dict)
    imports: list[tuple[UUID, list[UUID]]] = field(default_factory=list)
    signed: list[tuple[UUID, date, date, Decimal]] = field(default_factory=list)
    conversions: dict[UUID, UUID] = field(default_factory=dict)
    payments: dict[UUID, Paid] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    papers: dict[UUID, UUID] = field(default_factory=dict)
    proven: dict[UUID, date] = field(default_factory=dict)
    waiting: set[UUID] = field(default_factory=set)
    instants: list[tuple[datetime, Days, set[UUID], dict[UUID, Paid]]] = field(default_factory=list)

    @property
    def gone(self) -> set[UUID]:
        """What no list shows."""
        return self.revoked | self.quarantined

    def touch(self, row_id: UUID) -> None:
        self.touched.add(row_id)
        self.changes[row_id] = self.changes.get(row_id, 0) + 1

    def knows(self, row_id: UUID, since: date) -> bool:
        """Whether a change from a day on can be recorded."""
        return row_id not in self.gone and since in self.days[row_id]

    def set_from(self, row_id: UUID, since: date, **values: Any) -> None:
        for day, then in self.days[row_id].items():
            if day >= since:
                then.update(values)


class FurtherVerbs:
    """Rules for the machine that has ``run``, ``acting`` and ``book``."""

    book: Book

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        raise NotImplementedError

    def acting(self) -> AbstractAsyncContextManager[Transaction]:
        raise NotImplementedError

    @rule(row_id=ROWS)
    def quarantine_or_release(self, row_id: UUID) -> None:
        """Suspected, then cleared: out of every list of every day at once, and back as it was."""
        verb = workflow.release if row_id in self.book.quarantined else workflow.quarantine

        async def work() -> Any:
            async with self.acting() as tx:
                return await verb(tx, row_id, "疑似涉密")

        done = self.run(work())
        if row_id in self.book.revoked:
            assert isinstance(done, Refusal)
            return
        assert done is None, done
        self.book.quarantined ^= {row_id}
        self.book.touch(row_id)

    @rule(first=ROWS, second=ROWS, since=st.sampled_from(DAYS), college=st.sampled_from(["丁学院", "乙学院"]))
    def change_many(self, first: UUID, second: UUID, since: date, college: str) -> None:
        async def work() -> Any:
            async with self.acting() as tx:
                rows = await chosen_rows(tx, [first, second])
                planned = await bulk.plan(tx, rows, {"college": college}, since)
                seal = bulk.seal_of(planned)
                count = await bulk.apply(tx, planned, seal, {"college": college}, since=since, reason="调整")
                own = (ledger_batch.c.tenant_id == tx.tenant_id, ledger_batch.c.id.not_in([b.id for b in made]))
                return count, await tx.scalar(select(ledger_batch.c.id).where(*own))

        made = self.book.batches
        count, batch_id = self.run(work())
        changed = {
            one
            for one in {first, second}
            if self.book.knows(one, since) and self.book.days[one][TODAY]["college"] != college
        }
        assert count == len(changed)
        before = {}
        for one in changed:
            self.book.touch(one)
            known = {day: then["college"] for day, then in self.book.days[one].items()}
            before[one] = (self.book.changes[one], known)
            self.book.set_from(one, since, college=college)
        made.append(Batch(batch_id, since, before))

    @precondition(lambda self: self.book.batches)
    @rule(place=st.integers(0, 1))
    def take_many_back(self, place: int) -> None:
        batch = self.book.batches[-1 - place % len(self.book.batches)]

        async def work() -> Any:
            async with self.acting() as tx:
                return await bulk.undo(tx, batch.id)

        done = self.run(work())
        free = all(
            self.book.changes[one] == change and one not in self.book.gone for one, (change, _) in batch.before.items()
        )
        assert (done is None) == (free and not batch.undone), done
        if done is not None:
            return
        batch.undone = True
        for one, (_, known) in batch.before.items():
            self.book.touch(one)
            for day, college in known.items():
                self.book.days[one][day]["college"] = college

    @precondition(lambda self: any(then[TODAY]["right"] for then in self.book.days.values()))
    @rule(row_id=ROWS, lost_on=st.sampled_from(DAYS), cause=st.sampled_from(["assigned", "expired"]))
    def lose_the_right(self, row_id: UUID, lost_on: date, cause: str) -> None:
        days = self.book.days[row_id]
        if days[TODAY]["right"] is None:
            return

        async def work() -> Any:
            async with self.acting() as tx:
                number = f"KNOW-{row_id.hex[-12:]}"
                return await losses.record_loss(tx, row_id, number, cause, lost_on, CHECKS)

        done = self.run(work())
        if row_id in self.book.gone or days[TODAY]["right"] != "applied":
            assert isinstance(done, Refusal)
            return
        assert isinstance(done, UUID), done
        self.book.touch(row_id)
        self.book.set_from(row_id, lost_on, right="transferred" if cause == "assigned" else "lapsed")

    @rule(row_id=ROWS, since=st.sampled_from(DAYS))
    def recognise_development(self, row_id: UUID, since: date) -> None:
        """All five criteria on a day, with the paper that proves them."""

        async def work() -> Any:
            async with self.acting() as tx:
                done = await stages.record_criteria(tx, row_id, dict.fromkeys(CRITERIA, since), reason="核对")
            if isinstance(done, Refusal) or row_id in self.book.papers:
                return done
            async with self.acting() as tx:
                told = len(self.book.changes) * 1000 + sum(self.book.changes.values())
                file = Upload("评估报告.pdf", f"%PDF-1.7 {row_id} {told}".encode())
                return await stages.add_proof(tx, Kept(), row_id, file, _SAID)

        done = self.run(work())
        if row_id in self.book.gone:
            assert isinstance(done, Refusal)
            return
        assert not isinstance(done, Refusal), done
        if isinstance(done, UUID):
            self.book.papers[row_id] = done
        self.book.proven[row_id] = since
        self.book.touch(row_id)
        for day, then in self.book.days[row_id].items():
            then["stage"] = "development" if day >= since else "research"

    @precondition(lambda self: self.book.papers)
    @rule(place=st.integers(0, 3))
    def take_the_proof_back(self, place: int) -> None:
        row_id = list(self.book.papers)[place % len(self.book.papers)]

        async def work() -> Any:
            async with self.acting() as tx:
                return await stages.withdraw_proof(tx, row_id, self.book.papers[row_id], "传错文件")

        done = self.run(work())
        assert (done is None) == (row_id not in self.book.gone), done
        if done is None:
            self.book.papers.pop(row_id)
            self.book.touch(row_id)
            self.book.set_from(row_id, DAYS[0], stage="research")

    @precondition(lambda self: self.book.conversions)
    @rule(
        place=st.integers(0, 3), day=st.sampled_from(DAYS), amount=st.sampled_from([Decimal("3.00"), Decimal("40.00")])
    )
    def receive_money(self, place: int, day: date, amount: Decimal) -> None:
        """A payment of a row's first conversion: recorded, or corrected where there is one already."""
        row_id = list(self.book.conversions)[place % len(self.book.conversions)]
        paid = Paid(row_id, self.book.conversions[row_id], day, amount)
        known = next((one for one, it in self.book.payments.items() if it.row_id == row_id), None)
        said = payments.Payment(paid.conversion_id, day, amount, "payment", "凭证 1 号")

        async def work() -> Any:
            async with self.acting() as tx:
                if known is None:
                    return await payments.record_payment(tx, row_id, said)
                return await payments.correct_payment(tx, row_id, known, said, reason="记错") or known

        done = self.run(work())
        if row_id in self.book.gone:
            assert isinstance(done, Refusal)
            return
        assert isinstance(done, UUID), done
        self.book.payments[done] = paid

    @precondition(lambda self: self.book.payments)
    @rule(place=st.integers(0, 3))
    def take_money_back(self, place: int) -> None:
        payment_id = list(self.book.payments)[place % len(self.book.payments)]
        paid = self.book.payments.pop(payment_id)

        async def work() -> Any:
            async with self.acting() as tx:
                return await payments.remove_payment(tx, paid.row_id, payment_id, reason="不是本单位的")

        assert self.run(work()) is None

    @rule(row_id=ROWS)
    def hand_to_the_screening(self, row_id: UUID) -> None:
        async def work() -> Handed:
            async with self.acting() as tx:
                return await hand_to_screening(tx, [row_id], "请核对")

        done = self.run(work())
        known = row_id not in self.book.gone
        assert (done.added, done.known) == (
            int(known and row_id not in self.book.waiting), int(known and row_id in self.book.waiting)
        )  # fmt: skip
        if known:
            self.book.waiting.add(row_id)
            self.book.touched.add(row_id)

    async def compare_money(
        self, tx: Transaction, point: Point, days: Days, revoked: set[UUID], paid: Mapping[UUID, Paid]
    ) -> None:
        """What came in until a day, of what stood in the ledger on it."""
        day = point.day(TODAY)
        wanted = [
            one
            for one in paid.values()
            if one.received_on <= day and day in days[one.row_id] and one.row_id not in revoked | self.book.quarantined
        ]
        found = await received_by_year(tx, point)
        assert sum(one.payments for one in found.values()) == len(wanted), day
        assert sum((one.amount for one in found.values()), Decimal(0)) == sum(
            (one.amount for one in wanted), Decimal(0)
        ), day


_SAID = Paper("stage", "assessment_report", tuple(CRITERIA), "评字〔2026〕3号", DAYS[0])
