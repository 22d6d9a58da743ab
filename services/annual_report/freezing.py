"""Freezing a year: which achievements it held at its beginning and its end, and the figures counted from them.

Set-based: two statements, whatever the size of the ledger. ``workflow.freeze`` alone calls this.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.annual_report.figures import COLUMNS, Line
from shared.db.transaction import Transaction

# A row belongs to the year by the version that held on the day, as known at the freeze. A row without an opening version
# that came by importing an existing ledger, or from an institution merged into this one, is no increase of the year.
_YEAR = """
select id as achievement_id, opening as opening_version, closing as closing_version,
  opening is null and source in ('imported', 'merged') and began > cast(:opening as date) as first_entry
from (
  select id, min(source) as source, min(lower(held)) as began,
    (array_agg(version) filter (where state = 'registered' and held @> cast(:opening as date)))[1] as opening,
    (array_agg(version) filter (where state = 'registered' and held @> cast(:closing as date)))[1] as closing
  from app.achievement_version where tenant_id = :tenant and recorded @> cast(:known as timestamptz) group by id) as v
where opening is not null or closing is not null
"""
_ROWS = text(f"""
insert into app.report_row (tenant_id, report_id, freeze_number, achievement_id, opening_version, closing_version, first_entry)
select cast(:tenant as uuid), cast(:report as uuid), cast(:number as smallint), year.* from ({_YEAR}) as year
""")

# Each dimension as (name, value in the opening version, value in the closing version).
VALUES = {
    "all": "''",
    "type": "{v}.type",
    "stage": "coalesce({v}.stage_recognised, '')",
    "status": "{v}.status",
    "mode": "coalesce({v}.mode, '')",
}
_CELLS = ", ".join(f"('{name}', {sql.format(v='o')}, {sql.format(v='c')})" for name, sql in VALUES.items())
SIDES = """
from app.report_row r
left join app.achievement_version o on o.tenant_id = :tenant and o.id = r.achievement_id and o.version = r.opening_version
left join app.achievement_version c on c.tenant_id = :tenant and c.id = r.achievement_id and c.version = r.closing_version
"""
_COUNTED = f"""
cell as (
  select d.dimension, d.before, d.after, r.opening_version is not null as opened, r.closing_version is not null as closed,
    r.first_entry, c.value, coalesce(c.stage_declared, c.stage_recognised, '') as declared
  {SIDES.replace("app.report_row r", "year r")}
  cross join lateral (values {_CELLS}) as d (dimension, before, after)),
part (dimension, value, opening, first_entry, added, removed, closing, declared, n_valued, amount) as (
  select dimension, before, 1, 0, 0, (not closed or after <> before)::int, 0, 0, 0, 0::numeric from cell where opened
  union all
  select dimension, after, 0, first_entry::int, (not first_entry and (not opened or after <> before))::int, 0, 1, 0,
    (value is not null)::int, coalesce(value, 0) from cell where closed
  union all
  select dimension, declared, 0, 0, 0, 0, 0, 1, 0, 0 from cell where closed and dimension = 'stage'
  union all
  select 'deal', coalesce(d.mode, ''), 0, 0, 1, 0, 1, 0, (d.amount is not null)::int, coalesce(d.amount, 0)
  from app.conversion_record_version d
  join year r on r.achievement_id = d.achievement_id and r.closing_version is not null
  where d.tenant_id = :tenant and d.live and d.held @> cast(:closing as date) and d.recorded @> cast(:known as timestamptz)
    and d.signed_on > cast(:opening as date) and d.signed_on <= cast(:closing as date))
"""
_SUMS = """dimension, value, sum(opening) as opening, sum(first_entry) as first_entry, sum(added) as added,
  sum(removed) as removed, sum(closing) as closing, case when dimension = 'stage' then sum(declared) end as declared,
  sum(n_valued) as n_valued, sum(amount) as amount
from part group by dimension, value order by dimension, value"""
_FIGURES = text(f"""
insert into app.report_figure (tenant_id, report_id, freeze_number, dimension, value, opening, first_entry, added, removed,
  closing, declared, n_valued, amount)
with year as (select * from app.report_row where tenant_id = :tenant and report_id = :report and freeze_number = :number),
{_COUNTED}
select cast(:tenant as uuid), cast(:report as uuid), cast(:number as smallint), {_SUMS}
""")
_LINES = text(f"with year as ({_YEAR}), {_COUNTED} select {_SUMS}")


async def count_lines(tx: Transaction, as_of: date, known_at: datetime) -> list[Line]:
    """The same figures of a year without keeping the rows behind them; ``as_of`` and ``known_at`` as below."""
    parameters = {
        "tenant": tx.tenant_id,
        "opening": date(as_of.year - 1, 12, 31),
        "closing": as_of,
        "known": known_at,
    }
    found = []
    for row in await tx.rows(_LINES, parameters):
        figures: Any = {name: int(getattr(row, name)) for name in COLUMNS}
        found.append(
            Line(
                row.dimension,
                row.value,
                **figures,
                declared=None if row.declared is None else int(row.declared),
                n_valued=int(row.n_valued),
                amount=Decimal(row.amount),
            )
        )
    return found


async def write_rows_and_figures(tx: Transaction, report_id: UUID, number: int, as_of: date, known_at: datetime) -> int:
    """Write what a freeze consists of; returns how many achievements stand behind it.

    ``as_of`` is 31 December of the reporting year; ``known_at`` the real instant until which the ledger's knowledge counts.
    """
    parameters: dict[str, Any] = {
        "tenant": tx.tenant_id,
        "report": report_id,
        "number": number,
        "opening": date(as_of.year - 1, 12, 31),
        "closing": as_of,
        "known": known_at,
    }
    done = await tx.execute(_ROWS, parameters)
    await tx.execute(_FIGURES, parameters)
    return int(done.rowcount)
