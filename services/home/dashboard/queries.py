"""What the institution's dashboard counts: its stock over time, the way from disclosure to money, contracts by year.

Everything is counted by one statement each, whatever the size of the ledger; nothing here names an achievement or a person.
As of a past day, the ledger's figures are those of its versions; a case counts from the day of the event that made it so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, DateTime, ScalarSelect, Table, bindparam, func, select, text

from services.empowerment.models import application
from services.ledger.disclosure.models import disclosure
from services.ledger.models import achievement_version, conversion_record_version
from services.ledger.payments import queries as payments
from services.ledger.points import NOW, Point, happened_then, held_then
from services.ledger.queries import not_hidden
from services.notices.models import notice
from shared.db.records import workflow_event
from shared.db.transaction import Transaction

QUARTERS = 8


@dataclass(frozen=True, slots=True)
class Stock:
    """How many achievements stood in the ledger at the end of each day, by code of the status and of the stage."""

    days: Sequence[date]
    by_status: Mapping[str, Sequence[int]]
    by_stage: Mapping[str, Sequence[int]]

    @property
    def totals(self) -> list[int]:
        return [sum(counts[place] for counts in self.by_status.values()) for place in range(len(self.days))]


@dataclass(frozen=True, slots=True)
class Income:
    """One year's contracts; ``year`` None: no day of signature is stated. Amounts in yuan by code of the mode.

    ``received`` is what came in during that year, of whatever contract; None where no payment is recorded, which is not zero.
    """

    year: int | None
    contracts: int
    unstated: int
    amounts: Mapping[str, Decimal]
    received: Decimal | None = None

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), Decimal(0))


# A version holds at the days from its first on and before its end: counted by where both fall among the days, so that
# one pass over the versions serves every day.
_STOCK = text(
    """
    select width_bucket(lower(held) - 1, cast(:days as date[])) as first,
      case when upper_inf(held) then cardinality(cast(:days as date[]))
        else width_bucket(upper(held) - 1, cast(:days as date[])) end as after,
      status, coalesce(stage_recognised, '') as stage, count(*) as n
    from app.achievement_version
    where tenant_id = :tenant and state = 'registered' and case when cast(:known as timestamptz) is null
      then upper_inf(recorded) else recorded @> cast(:known as timestamptz) end
      and id <> all (array(select q.id from app.achievement q where q.tenant_id = :tenant and q.state = 'quarantined'))
    group by 1, 2, 3, 4
    """
).bindparams(bindparam("days"), bindparam("tenant"), bindparam("known", type_=DateTime(timezone=True)))


def quarter_ends(today: date, quarters: int = QUARTERS) -> list[date]:
    """The last days of the quarters before ``today``, the oldest first, then ``today`` itself."""
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    found = [today]
    for _ in range(quarters):
        last = first - timedelta(days=1)
        found.append(last)
        first = date(last.year, last.month - 2, 1)
    return found[::-1]


async def stock(tx: Transaction, point: Point = NOW) -> Stock:
    """The stock at the end of each of the last quarters and on the day, as it is, or was, known."""
    days = quarter_ends(point.day(tx.today))
    by_status: dict[str, list[int]] = {}
    by_stage: dict[str, list[int]] = {}
    for row in await tx.rows(_STOCK, {"days": days, "tenant": tx.tenant_id, "known": point.known_at}):
        for found, code in ((by_status, row.status), (by_stage, row.stage)):
            counts = found.setdefault(code, [0] * len(days))
            for place in range(row.first, row.after):
                counts[place] += row.n
    began = next((place for place in range(len(days)) if any(one[place] for one in by_status.values())), len(days) - 1)
    return Stock(days[began:], _since(by_status, began), _since(by_stage, began))


def _since(counts: Mapping[str, Sequence[int]], began: int) -> dict[str, Sequence[int]]:
    return {code: one[began:] for code, one in counts.items() if any(one[began:])}


async def funnel(tx: Transaction, point: Point = NOW) -> list[tuple[str, int]]:
    """(stage of the way, how many achievements reached it), each achievement once; those still on their way to the ledger
    count at the first.
    """
    row = await tx.row(
        select(
            _cases(tx, disclosure, disclosure.c.id, ("submitted",), "disclosure", point).label("disclosed"),
            _cases(tx, application, application.c.achievement_id, ("submitted",), "empowerment", point).label(
                "applied"
            ),
            _cases(tx, notice, notice.c.achievement_id, ("published",), "notice", point).label("noticed"),
            _cases(tx, application, application.c.achievement_id, ("agreed",), "empowerment", point).label("agreed"),
        )
    )
    assert row is not None
    held = achievement_version.c
    ledger = await tx.row(
        select(
            func.count().label("n"),
            func.count().filter(held.status == "converted").label("converted"),
            func.count(held.value).filter(held.status == "converted").label("valued"),
        ).where(
            held.tenant_id == tx.tenant_id, held.state == "registered", *held_then(achievement_version, point),
            not_hidden(tx, held.id),
        )
    )  # fmt: skip
    assert ledger is not None
    return [
        ("提交披露", row.disclosed),
        ("登记在册", ledger.n),
        ("申请赋权", row.applied),
        ("公示", row.noticed),
        ("签署协议", row.agreed),
        ("已转化", ledger.converted),
        ("已转化且载明金额", ledger.valued),
        ("已到账", await payments.count_paid(tx, point)),
    ]


def _cases(
    tx: Transaction, table: Table, counted: ColumnElement[Any], events: Sequence[str], kind: str, point: Point
) -> ScalarSelect[int]:
    """How many have a case to which this had happened by then."""
    acts = workflow_event
    return (
        select(func.count(counted.distinct()))
        .join(acts, (acts.c.tenant_id == table.c.tenant_id) & (acts.c.case_id == table.c.id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            acts.c.tenant_id == tx.tenant_id,
            acts.c.case_kind == kind,
            acts.c.event.in_(events),
            *happened_then(tx, point, acts.c.at, acts.c.recorded_at),
        )
        .scalar_subquery()
    )


async def income(tx: Transaction, point: Point = NOW) -> list[Income]:
    """Contracts by the year of their signature, the oldest first, those without a day last; of achievements that stood
    in the ledger.
    """
    table, of = conversion_record_version, achievement_version
    year = func.extract("year", table.c.signed_on).label("year")
    rows = await tx.rows(
        select(
            year,
            func.coalesce(table.c.mode, "").label("mode"),
            func.count().label("n"),
            func.count(table.c.amount).label("n_valued"),
            func.coalesce(func.sum(table.c.amount), 0).label("total"),
        )
        .join(of, (of.c.tenant_id == table.c.tenant_id) & (of.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.live,
            *held_then(table, point),
            of.c.tenant_id == tx.tenant_id,
            of.c.state == "registered",
            *held_then(of, point),
            not_hidden(tx, of.c.id),
        )
        .group_by(year, table.c.mode)
    )
    received = await payments.received_by_year(tx, point)
    years: dict[int | None, list[Any]] = {year: [] for year in received}
    for row in rows:
        years.setdefault(None if row.year is None else int(row.year), []).append(row)
    return [
        Income(
            key,
            sum(row.n for row in found),
            sum(row.n - row.n_valued for row in found),
            {row.mode: Decimal(row.total) for row in found if row.n_valued},
            received[key].amount if key is not None and key in received else None,
        )
        for key, found in sorted(years.items(), key=lambda item: item[0] or 9999)
    ]
