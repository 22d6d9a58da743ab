"""Statements of an import, set-based: rows copied to staging, compared with the ledger, counted, handed to the ledger.

Every statement binds the tenant. Rows come by COPY into a temporary table, since tables with row-level security refuse
COPY FROM.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.ledger.entry import FIELDS
from services.ledger.importing.entries import StagedRow
from services.ledger.intake import open_intake
from shared.db.serialising import dump_json
from shared.db.transaction import Transaction

_RANGES_SHOWN = 12
_COLUMNS = StagedRow._fields
_STAGE = """
create temporary table if not exists import_stage (
  ordinal integer, sheet text, first_row integer, sheet_rows integer[], disposition text, achievement_id uuid,
  name_key text, numbers text[], entry jsonb, raw jsonb, issues jsonb, block_total boolean
) on commit drop;
truncate pg_temp.import_stage
"""
_INSERT = text(
    f"insert into app.ledger_import_row (tenant_id, import_id, {', '.join(_COLUMNS)}) "
    f"select cast(:tenant as uuid), cast(:import as uuid), {', '.join(_COLUMNS)} from pg_temp.import_stage"
)
_OF_IMPORT = "r.tenant_id = :tenant and r.import_id = :import"
_VALID = f"{_OF_IMPORT} and r.disposition = 'valid'"
_READY = f"{_OF_IMPORT} and r.disposition = 'ready'"
_FRESH = f"{_OF_IMPORT} and r.disposition in ('valid', 'ready') and r.ordinal = any(:ordinals)"


def _of(tx: Transaction, import_id: UUID) -> dict[str, Any]:
    return {"tenant": tx.tenant_id, "import": import_id}


async def stage(tx: Transaction, import_id: UUID, rows: Iterable[StagedRow]) -> None:
    """Copy one chunk of records into staging."""
    await tx.driver.execute(_STAGE)
    await tx.driver.copy_records_to_table("import_stage", records=rows, columns=_COLUMNS)
    await tx.execute(_INSERT, _of(tx, import_id))


# A later row of the set that says an earlier one's name or number again: what the ledger's own keys would refuse.
_AMONG_THEMSELVES = text(
    f"""
with named as (
  select r.ordinal, first_value(r.ordinal) over w as first_ordinal, '成果名称' as field
  from app.ledger_import_row r where {_VALID} window w as (partition by r.name_key order by r.ordinal)),
numbered as (
  select r.ordinal, first_value(r.ordinal) over w as first_ordinal, '权利号' as field
  from app.ledger_import_row r cross join lateral unnest(r.numbers) as n (number) where {_VALID}
  window w as (partition by n.number order by r.ordinal)),
repeated as (
  select distinct on (ordinal) ordinal, first_ordinal, field from
    (select * from named union all select * from numbered) as both_kinds
  where ordinal <> first_ordinal order by ordinal, field)
update app.ledger_import_row r set disposition = 'question',
  issues = coalesce(r.issues, '[]') || jsonb_build_array(jsonb_build_object('severity', 'human', 'code', 'duplicate',
    'field', x.field, 'column', '', 'of', jsonb_build_object('sheet', f.sheet, 'row', f.first_row)))
from repeated x join app.ledger_import_row f on f.tenant_id = :tenant and f.import_id = :import
  and f.ordinal = x.first_ordinal
where {_OF_IMPORT} and r.ordinal = x.ordinal
"""
)


def _in_ledger(where: str) -> str:
    return f"""
with named as (
  select r.ordinal, '成果名称' as field, a.code,
    case when a.type = r.entry ->> 'type' and a.status = r.entry ->> 'status'
      and a.mode is not distinct from r.entry ->> 'mode' and a.value is not distinct from (r.entry ->> 'value')::numeric
    then 'already_in_ledger' else 'differs_from_ledger' end as found
  from app.ledger_import_row r join app.achievement a on a.tenant_id = :tenant and a.name_key = r.name_key
    and a.state <> 'revoked' where {where}),
numbered as (
  select r.ordinal, '权利号' as field, a.code, 'number_in_ledger' as found
  from app.ledger_import_row r cross join lateral unnest(r.numbers) as n (number)
  join app.achievement_right x on x.tenant_id = :tenant and x.live and x.number = n.number
  join app.achievement a on a.tenant_id = :tenant and a.id = x.achievement_id where {where}),
known as (
  select distinct on (ordinal) * from (select * from named union all select * from numbered) as both_kinds
  order by ordinal, found)
update app.ledger_import_row r set disposition = 'question',
  issues = coalesce(r.issues, '[]') || jsonb_build_array(jsonb_build_object('severity', 'human', 'code', x.found,
    'field', x.field, 'column', '', 'kind', x.code))
from known x where {_OF_IMPORT} and r.ordinal = x.ordinal
"""


_IN_LEDGER, _FRESH_IN_LEDGER, _READY_IN_LEDGER = (text(_in_ledger(one)) for one in (_VALID, _FRESH, _READY))
# An answered row that says what another one says: one that stands, or an earlier one that still asks.
_FRESH_REPEATED = text(
    f"""
with fresh as (select r.ordinal, r.name_key, r.numbers from app.ledger_import_row r where {_FRESH}),
others as (
  select r.ordinal, r.sheet, r.first_row, r.name_key, r.numbers,
    r.disposition <> 'question' and not r.ordinal = any(:ordinals) as stands
  from app.ledger_import_row r where {_OF_IMPORT} and r.disposition in ('question', :settled)),
named as (
  select f.ordinal, o.ordinal as first_ordinal, o.sheet, o.first_row, '成果名称' as field
  from fresh f join others o on o.name_key = f.name_key and o.ordinal <> f.ordinal and (o.stands or o.ordinal < f.ordinal)),
numbered as (
  select f.ordinal, o.ordinal as first_ordinal, o.sheet, o.first_row, '权利号' as field
  from (select ordinal, unnest(numbers) as number from fresh) f
  join (select ordinal, sheet, first_row, stands, unnest(numbers) as number from others) o
    on o.number = f.number and o.ordinal <> f.ordinal and (o.stands or o.ordinal < f.ordinal)),
repeated as (
  select distinct on (ordinal) * from (select * from named union all select * from numbered) as both_kinds
  order by ordinal, first_ordinal, field)
update app.ledger_import_row r set disposition = 'question',
  issues = coalesce(r.issues, '[]') || jsonb_build_array(jsonb_build_object('severity', 'human', 'code', 'duplicate',
    'field', x.field, 'column', '', 'of', jsonb_build_object('sheet', x.sheet, 'row', x.first_row)))
from repeated x where {_OF_IMPORT} and r.ordinal = x.ordinal
"""
)


async def hold_repeated(tx: Transaction, import_id: UUID) -> int:
    """Hold valid rows whose name or number an earlier valid row has; returns how many."""
    return (await tx.execute(_AMONG_THEMSELVES, _of(tx, import_id))).rowcount


async def hold_known(tx: Transaction, import_id: UUID, *, ready: bool = False) -> int:
    """Hold valid rows (or those answered afterwards) whose name or number the ledger has already; returns how many."""
    return (await tx.execute(_READY_IN_LEDGER if ready else _IN_LEDGER, _of(tx, import_id))).rowcount


async def hold_fresh(tx: Transaction, import_id: UUID, ordinals: Sequence[int], settled: str) -> None:
    """Hold those of the rows just answered that repeat another row, or what the ledger has already.

    ``settled`` is the disposition of rows that stand: valid, or ready once the import is made.
    """
    values = _of(tx, import_id) | {"ordinals": list(ordinals)}
    await tx.execute(_FRESH_REPEATED, values | {"settled": settled})
    await tx.execute(_FRESH_IN_LEDGER, values)


# Whatever the ledger or another row said against a row is asked anew.
_WITHOUT_COMPARISONS = (
    "(select jsonb_agg(i.value order by i.place) from jsonb_array_elements(r.issues) with ordinality i (value, place) "
    "where i.value ->> 'code' not in ('already_in_ledger', 'differs_from_ledger', 'number_in_ledger', 'duplicate'))"
)


async def replace(tx: Transaction, import_id: UUID, rows: Iterable[StagedRow]) -> None:
    """Put rows as read again in place of what was staged; their raw cells stay as the clerk wrote them."""
    await tx.driver.execute(_STAGE)
    await tx.driver.copy_records_to_table("import_stage", records=rows, columns=_COLUMNS)
    await tx.execute(
        text(
            "update app.ledger_import_row r set disposition = s.disposition, achievement_id = s.achievement_id, "
            "name_key = s.name_key, numbers = s.numbers, entry = s.entry, issues = s.issues, pending = false "
            f"from pg_temp.import_stage s where {_OF_IMPORT} and r.ordinal = s.ordinal"
        ),
        _of(tx, import_id),
    )


async def reconsider(tx: Transaction, import_id: UUID, ordinals: Sequence[int], settled: str) -> None:
    """Let rows stand again that only a comparison spoke against; the comparisons are made anew afterwards."""
    await tx.execute(
        text(
            f"update app.ledger_import_row r set disposition = :settled, issues = {_WITHOUT_COMPARISONS}, pending = false "
            f"where {_OF_IMPORT} and r.ordinal = any(:ordinals) and r.entry is not null"
        ),
        _of(tx, import_id) | {"ordinals": list(ordinals), "settled": settled},
    )


async def leave_out(tx: Transaction, import_id: UUID, ordinals: Sequence[int]) -> None:
    """Keep rows out for good; their cells stay until the import is over, so that it can be thought over.

    Whatever had joined one of them asks again.
    """
    await tx.execute(
        text(
            "update app.ledger_import_row r set disposition = 'question', achievement_id = null from app.ledger_import_row f "
            f"where {_OF_IMPORT} and r.disposition = 'joined' and f.tenant_id = :tenant and f.import_id = :import "
            "and f.ordinal = any(:ordinals) and f.achievement_id = r.achievement_id"
        ),
        _of(tx, import_id) | {"ordinals": list(ordinals)},
    )
    await tx.execute(
        text(
            "update app.ledger_import_row r set disposition = 'left_out', pending = false "
            f"where {_OF_IMPORT} and r.ordinal = any(:ordinals)"
        ),
        _of(tx, import_id) | {"ordinals": list(ordinals)},
    )


async def change_entry(tx: Transaction, import_id: UUID, ordinal: int, entry: Mapping[str, Any]) -> None:
    """Put another entry in place of a row's."""
    await tx.execute(
        text(
            f"update app.ledger_import_row r set entry = cast(:entry as jsonb) where {_OF_IMPORT} and r.ordinal = :ordinal"
        ),
        _of(tx, import_id) | {"ordinal": ordinal, "entry": dump_json(entry)},
    )


async def count_ready(tx: Transaction, import_id: UUID) -> int:
    """How many answered rows wait to be registered."""
    return int(
        await tx.scalar(text(f"select count(*) from app.ledger_import_row r where {_READY}"), _of(tx, import_id))
    )


async def note_registered(tx: Transaction, import_id: UUID) -> None:
    """What was ready is in the ledger: its cells and answers are no longer kept beside it."""
    await tx.execute(
        text(
            "delete from app.import_answer a using app.ledger_import_row r where a.tenant_id = :tenant "
            f"and a.import_id = :import and a.sheet = r.sheet and a.first_row = r.first_row and {_READY}"
        ),
        _of(tx, import_id),
    )
    await tx.execute(
        text(f"update app.ledger_import_row r set disposition = 'valid', entry = null, raw = null where {_READY}"),
        _of(tx, import_id),
    )


_COUNTS = text(
    "select count(*) filter (where r.disposition = 'valid') as valid, "
    "count(*) filter (where r.disposition in ('question', 'ready')) as questions, "
    "count(*) filter (where r.disposition = 'left_out') as left_out, "
    "count(*) filter (where r.disposition = 'joined') as joined, "
    f"count(*) filter (where r.disposition = 'refused') as refused from app.ledger_import_row r where {_OF_IMPORT}"
)
_SUMS = text(
    "select e.entry ->> 'type' as type, e.entry ->> 'status' as status, count(*) as n, "
    "count(e.entry ->> 'value') as valued, coalesce(sum((e.entry ->> 'value')::numeric), 0) as amount "
    f"from (select r.entry from app.ledger_import_row r where {_VALID} offset 0) as e group by 1, 2 order by 1, 2"
)
# Once an import is made, its rows are counted as they were registered.
_SUMS_REGISTERED = text(
    "select v.type, v.status, count(*) as n, count(v.value) as valued, coalesce(sum(v.value), 0) as amount "
    "from app.achievement a join app.achievement_version v on v.tenant_id = :tenant and v.id = a.id and v.revision = 1 "
    "and not isempty(v.recorded) where a.tenant_id = :tenant and a.import_id = :import group by 1, 2 order by 1, 2"
)
# Rows of consecutive records are told as one range; of very many ranges the first ones are named.
_GROUPS = text(
    f"""
with told as (
  select i.value ->> 'severity' as severity, i.value ->> 'code' as code, split_part(i.value ->> 'field', '（', 1) as field,
    r.sheet, r.ordinal, r.first_row, coalesce(r.sheet_rows[array_upper(r.sheet_rows, 1)], r.first_row) as last_row
  from app.ledger_import_row r cross join lateral jsonb_array_elements(r.issues) as i
  where {_OF_IMPORT} and r.issues is not null and r.disposition not in ('left_out', 'joined')
    and (r.disposition <> 'refused' or i.value ->> 'severity' = 'refuse')),
islands as (
  select severity, code, field, sheet, min(first_row) as first_row, max(last_row) as last_row, count(*) as n,
    min(ordinal) as place
  from (select *, ordinal - dense_rank() over (partition by severity, code, field, sheet order by ordinal) as island
        from told) as numbered group by severity, code, field, sheet, island),
placed as (
  select *, row_number() over w as place_in_group, sum(n) over g as total, count(*) over g as ranges
  from islands window g as (partition by severity, code, field),
    w as (partition by severity, code, field order by place))
select severity, code, field, total, ranges,
  jsonb_agg(jsonb_build_array(sheet, first_row, last_row) order by place) as places
from placed where place_in_group <= {_RANGES_SHOWN} group by severity, code, field, total, ranges
order by case severity when 'refuse' then 0 when 'human' then 1 else 2 end, total desc, code, field
"""
)


async def counts(tx: Transaction, import_id: UUID) -> dict[str, int]:
    """How many rows stand where."""
    row = await tx.row(_COUNTS, _of(tx, import_id))
    assert row is not None
    return {
        "valid": row.valid,
        "questions": row.questions,
        "refused": row.refused,
        "left_out": row.left_out,
        "joined": row.joined,
    }


async def summarise(tx: Transaction, import_id: UUID, *, registered: bool = False) -> dict[str, Any]:
    """What the check page tells: sums by type and status in yuan, and issues grouped by reason with their row ranges."""
    sums = await tx.rows(_SUMS_REGISTERED if registered else _SUMS, _of(tx, import_id))
    groups = await tx.rows(_GROUPS, _of(tx, import_id))
    return {
        "sums": [
            {"type": row.type, "status": row.status, "n": row.n, "valued": row.valued, "amount": str(row.amount)}
            for row in sums
        ],
        "groups": [
            {
                "severity": row.severity,
                "code": row.code,
                "field": row.field,
                "n": int(row.total),
                "ranges": row.ranges,
                "places": row.places,
            }
            for row in groups
        ],
    }


_TAKEN = (*FIELDS, "team", "rights", "deals")


def _intake(where: str) -> str:
    return f"""
insert into pg_temp.ledger_intake (ord, id, name_key, sort_key, initials, {", ".join(_TAKEN)})
select row_number() over (order by r.ordinal) - 1, r.achievement_id, r.name_key, e.sort_key, e.initials,
  {", ".join(f"e.{name}" for name in _TAKEN)}
from app.ledger_import_row r cross join lateral jsonb_populate_record(null::pg_temp.ledger_intake, r.entry) as e
where {where}
"""


_INTAKE, _READY_INTAKE = text(_intake(_VALID)), text(_intake(_READY))


async def fill_from_staging(tx: Transaction, import_id: UUID, *, ready: bool = False) -> None:
    """Put the valid rows (or those answered afterwards) into the ledger's intake, in the file's order."""
    await open_intake(tx)
    await tx.execute(_READY_INTAKE if ready else _INTAKE, _of(tx, import_id))


async def empty_entries(tx: Transaction, import_id: UUID) -> None:
    """Once applied, the ledger has the entries: staging keeps which row became which achievement, or joined which."""
    await tx.execute(
        text(
            f"update app.ledger_import_row r set entry = null, raw = null where {_VALID} "
            "and (r.entry is not null or r.raw is not null)"
        ),
        _of(tx, import_id),
    )
    await tx.execute(
        text(
            f"update app.ledger_import_row r set raw = null from app.ledger_import_row f where {_OF_IMPORT} "
            "and r.disposition = 'joined' and r.raw is not null and f.tenant_id = :tenant and f.import_id = :import "
            "and f.achievement_id = r.achievement_id and f.disposition = 'valid'"
        ),
        _of(tx, import_id),
    )


async def drop_rows(tx: Transaction, import_id: UUID, *, answers: bool = True) -> None:
    """Keep nothing staged of an import that was not made, or that is read anew (then what was answered stays)."""
    if answers:
        await drop_answers(tx, import_id)
    await tx.execute(text(f"delete from app.ledger_import_row r where {_OF_IMPORT}"), _of(tx, import_id))


async def drop_held(tx: Transaction, import_id: UUID) -> None:
    """Of an import that was undone, which row became which achievement stays, nothing else."""
    await tx.execute(
        text(f"delete from app.ledger_import_row r where {_OF_IMPORT} and r.disposition <> 'valid'"), _of(tx, import_id)
    )
    await empty_entries(tx, import_id)
    await drop_answers(tx, import_id)


async def drop_answers(tx: Transaction, import_id: UUID) -> None:
    """What was typed is in the ledger, or no longer wanted."""
    await tx.execute(
        text("delete from app.import_answer where tenant_id = :tenant and import_id = :import"), _of(tx, import_id)
    )
