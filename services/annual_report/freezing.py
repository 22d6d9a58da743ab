"""Freezing a year: which achievements it held at its beginning and its end, and the figures counted from them.

Set-based: two statements, whatever the size of the ledger. ``workflow.freeze`` alone calls this.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db.transaction import Transaction

# A row belongs to the year by the version that held on the day, as known at the freeze. A row without an opening version
# that came by importing an existing ledger is no increase of the year: the ledger began with it.
_ROWS = text("""
insert into app.report_row (tenant_id, report_id, freeze_number, achievement_id, opening_version, closing_version, first_entry)
select cast(:tenant as uuid), cast(:report as uuid), cast(:number as smallint), id, opening, closing,
  opening is null and source = 'imported' and began > cast(:opening as date)
from (
  select id, min(source) as source, min(lower(held)) as began,
    (array_agg(version) filter (where state = 'registered' and held @> cast(:opening as date)))[1] as opening,
    (array_agg(version) filter (where state = 'registered' and held @> cast(:closing as date)))[1] as closing
  from app.achievement_version where tenant_id = :tenant and recorded @> cast(:known as timestamptz) group by id) as v
where opening is not null or closing is not null
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
_FIGURES = text(f"""
insert into app.report_figure (tenant_id, report_id, freeze_number, dimension, value, opening, first_entry, added, removed,
  closing, declared, n_valued, amount)
with cell as (
  select d.dimension, d.before, d.after, r.opening_version is not null as opened, r.closing_version is not null as closed,
    r.first_entry, c.value, coalesce(c.stage_declared, c.stage_recognised, '') as declared
  {SIDES}
  cross join lateral (values {_CELLS}) as d (dimension, before, after)
  where r.tenant_id = :tenant and r.report_id = :report and r.freeze_number = :number),
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
  join app.report_row r on r.tenant_id = :tenant and r.report_id = :report and r.freeze_number = :number
    and r.achievement_id = d.achievement_id and r.closing_version is not null
  where d.tenant_id = :tenant and d.live and d.held @> cast(:closing as date) and d.recorded @> cast(:known as timestamptz)
    and d.signed_on > cast(:opening as date) and d.signed_on <= cast(:closing as date))
select cast(:tenant as uuid), cast(:report as uuid), cast(:number as smallint), dimension, value,
  sum(opening), sum(first_entry), sum(added), sum(removed), sum(closing),
  case when dimension = 'stage' then sum(declared) end, sum(n_valued), sum(amount)
from part group by dimension, value order by dimension, value
""")


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
