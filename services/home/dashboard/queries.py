"""What the institution's dashboard counts: its stock over time, the way from disclosure to money, contracts by year.

Everything is counted by one statement each, whatever the size of the ledger; nothing here names an achievement or a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, select, text

from services.empowerment.models import State, agreement, application
from services.ledger import queries as ledger
from services.ledger.disclosure.models import disclosure
from services.ledger.models import conversion_record
from services.notices.models import notice
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
    """One year's contracts; ``year`` None: no day of signature is stated. Amounts in yuan by code of the mode."""

    year: int | None
    contracts: int
    unstated: int
    amounts: Mapping[str, Decimal]

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
    where tenant_id = :tenant and upper_inf(recorded) and state = 'registered'
    group by 1, 2, 3, 4
    """
).bindparams(bindparam("days"), bindparam("tenant"))


def quarter_ends(today: date, quarters: int = QUARTERS) -> list[date]:
    """The last days of the quarters before ``today``, the oldest first, then ``today`` itself."""
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    found = [today]
    for _ in range(quarters):
        last = first - timedelta(days=1)
        found.append(last)
        first = date(last.year, last.month - 2, 1)
    return found[::-1]


async def stock(tx: Transaction) -> Stock:
    """The stock at the end of each of the last quarters and today, as it is known today."""
    days = quarter_ends(tx.today)
    by_status: dict[str, list[int]] = {}
    by_stage: dict[str, list[int]] = {}
    for row in await tx.rows(_STOCK, {"days": days, "tenant": tx.tenant_id}):
        for found, code in ((by_status, row.status), (by_stage, row.stage)):
            counts = found.setdefault(code, [0] * len(days))
            for place in range(row.first, row.after):
                counts[place] += row.n
    began = next((place for place in range(len(days)) if any(one[place] for one in by_status.values())), len(days) - 1)
    return Stock(days[began:], _since(by_status, began), _since(by_stage, began))


def _since(counts: Mapping[str, Sequence[int]], began: int) -> dict[str, Sequence[int]]:
    return {code: one[began:] for code, one in counts.items() if any(one[began:])}


async def funnel(tx: Transaction) -> list[tuple[str, int]]:
    """(stage of the way, how many achievements reached it), each achievement once; those still on their way to the ledger
    count at the first.
    """
    tenant = tx.tenant_id
    submitted = application.c.state.not_in([State.DRAFT])
    row = await tx.row(
        select(
            select(func.count())
            .where(disclosure.c.tenant_id == tenant, disclosure.c.submitted_at.is_not(None))
            .scalar_subquery()
            .label("disclosed"),
            select(func.count(application.c.achievement_id.distinct()))
            .where(application.c.tenant_id == tenant, submitted)
            .scalar_subquery()
            .label("applied"),
            select(func.count(notice.c.achievement_id.distinct()))
            .where(notice.c.tenant_id == tenant, notice.c.published_at.is_not(None))
            .scalar_subquery()
            .label("noticed"),
            select(func.count(application.c.achievement_id.distinct()))
            .join(
                agreement,
                (agreement.c.tenant_id == application.c.tenant_id) & (agreement.c.application_id == application.c.id),
            )
            .where(application.c.tenant_id == tenant, agreement.c.tenant_id == tenant)
            .scalar_subquery()
            .label("agreed"),
        )
    )
    assert row is not None
    everything = (await ledger.totals(tx, "all")).get(("", ""))
    converted = (await ledger.totals(tx, "status")).get(("converted", ""))
    return [
        ("提交披露", row.disclosed),
        ("登记在册", everything.n if everything else 0),
        ("申请赋权", row.applied),
        ("公示", row.noticed),
        ("签署协议", row.agreed),
        ("已转化", converted.n if converted else 0),
        ("已转化且载明金额", converted.n_valued if converted else 0),
    ]


async def income(tx: Transaction) -> list[Income]:
    """Contracts by the year of their signature, the oldest first, those without a day last."""
    table = conversion_record
    year = func.extract("year", table.c.signed_on).label("year")
    rows = await tx.rows(
        select(
            year,
            func.coalesce(table.c.mode, "").label("mode"),
            func.count().label("n"),
            func.count(table.c.amount).label("n_valued"),
            func.coalesce(func.sum(table.c.amount), 0).label("total"),
        )
        .where(table.c.tenant_id == tx.tenant_id, table.c.live)
        .group_by(year, table.c.mode)
    )
    years: dict[int | None, list[Any]] = {}
    for row in rows:
        years.setdefault(None if row.year is None else int(row.year), []).append(row)
    return [
        Income(
            key,
            sum(row.n for row in found),
            sum(row.n - row.n_valued for row in found),
            {row.mode: Decimal(row.total) for row in found if row.n_valued},
        )
        for key, found in sorted(years.items(), key=lambda item: item[0] or 9999)
    ]
