"""Registering a set of achievements: copied into temporary tables, then written by one statement per table.

COPY FROM is refused by tables with row-level security, so the rows come by a temporary table. An importer that already has
its rows in the database may fill ``ledger_intake`` itself (``ord`` counts from 0 without gaps) between :func:`open_intake`
and :func:`register_intake`.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.ledger.entry import FIELDS, Entry, name_key, sort_key
from services.ledger.initials import MARK, initials_of
from services.ledger.past.changes import follow_intake
from services.ledger.totals import add_intake
from shared.db.serialising import dump_json
from shared.db.transaction import Transaction
from shared.ids import new_id

_BATCH = 5_000
_JSON = ("stage_criteria", "extra")
COLUMNS = ("ord", "id", "name_key", "sort_key", "initials", *FIELDS, "team", "rights", "deals")

_OPEN = """
create temporary table if not exists ledger_intake (
  ord integer not null, id uuid not null, name_key text not null, sort_key text not null, initials text, name text not null,
  type text not null, type_group text, right_category text, obtained_on date, obtained_precision text,
  stage_declared text, stage_recognised text, stage_since date, stage_criteria jsonb, stage_evidence text[],
  status text not null, mode text, value numeric(20, 2), value_kind text, conversions integer not null default 0,
  funding text, technical_field text, form text, market_prospect text, college text,
  core_technology boolean not null default false, agency text, remark text, extra jsonb,
  team jsonb not null default '[]', rights jsonb not null default '[]', deals jsonb not null default '[]'
) on commit drop;
create temporary table if not exists ledger_intake_person (
  name text primary key, person_id uuid not null, fresh boolean not null, unit text
) on commit drop;
create temporary table if not exists ledger_intake_team (
  id uuid not null, position smallint not null, person_id uuid not null, role text,
  share_numerator bigint, share_denominator bigint
) on commit drop;
truncate pg_temp.ledger_intake, pg_temp.ledger_intake_person, pg_temp.ledger_intake_team;
"""

_LOCK = text(
    "insert into app.ledger_counter as c (tenant_id, province_id, last_number) "
    "values (cast(:tenant as uuid), cast(:province as uuid), :wanted) "
    "on conflict (tenant_id) do update set last_number = c.last_number + excluded.last_number returning c.last_number"
)
_PREFIX = text("select number_prefix from app.organisation where id = :tenant and province_id = :province")

_NUMBER = "(cast(:first as integer) + i.ord)"
# as the achievement's own column is made
_OBTAINED_KEY = "coalesce(i.obtained_on, date '0002-01-01')"
_CODE = f"cast(:prefix as text) || '-' || lpad({_NUMBER}::text, greatest(4, length({_NUMBER}::text)), '0')"
_COPIED = ", ".join(FIELDS)
_READ = ", ".join(f"i.{name}" for name in FIELDS)
_VALUES = f"number, code, state, name_key, sort_key, source, import_id, {_COPIED}"
_GIVEN = (
    f"{_NUMBER}, {_CODE}, 'registered', i.name_key, i.sort_key, cast(:source as text), cast(:import as uuid), {_READ}"
)
_TEAM_SIZE = "coalesce(t.team_size, 0)"
_TEAMS = (
    "left join (select id, count(*) as team_size, jsonb_agg(jsonb_build_object('person', person_id, 'role', role, "
    "'share', case when share_denominator is not null then jsonb_build_array(share_numerator, share_denominator) end) "
    "order by position) as team from pg_temp.ledger_intake_team group by id) as t on t.id = i.id"
)

# In the order of their foreign keys; every statement takes its tenant from a parameter.
STEPS = (
    """
insert into pg_temp.ledger_intake_person (name, person_id, fresh, unit)
with wanted as (
  select e ->> 'name' as name, min(i.college) as unit
  from pg_temp.ledger_intake i, jsonb_array_elements(i.team) e where e ->> 'person' is null group by 1),
known as (
  select distinct on (p.name) p.name, p.id from app.person p
  where p.tenant_id = cast(:tenant as uuid) and p.erased_at is null and p.name in (select name from wanted)
  order by p.name, p.created_at, p.id)
select w.name, coalesce(k.id, gen_random_uuid()), k.id is null, w.unit from wanted w left join known k using (name)
""",
    """
insert into app.person (tenant_id, id, province_id, name, unit, salt)
select cast(:tenant as uuid), person_id, cast(:province as uuid), name, unit, uuid_send(gen_random_uuid())
from pg_temp.ledger_intake_person where fresh
""",
    """
insert into pg_temp.ledger_intake_team (id, position, person_id, role, share_numerator, share_denominator)
select id, row_number() over (partition by id order by place), person_id, role, numerator, denominator from (
  select distinct on (i.id, coalesce((e.member ->> 'person')::uuid, n.person_id)) i.id, e.place,
    coalesce((e.member ->> 'person')::uuid, n.person_id) as person_id, e.member ->> 'role' as role,
    (e.member -> 'share' ->> 0)::bigint as numerator, (e.member -> 'share' ->> 1)::bigint as denominator
  from pg_temp.ledger_intake i cross join lateral jsonb_array_elements(i.team) with ordinality e (member, place)
  left join pg_temp.ledger_intake_person n on n.name = e.member ->> 'name'
  order by i.id, coalesce((e.member ->> 'person')::uuid, n.person_id), e.place) as members
""",
    f"""
insert into app.achievement (tenant_id, id, province_id, {_VALUES}, team_size, held_from, began_on, revision,
  recorded_at, created_at)
select cast(:tenant as uuid), i.id, cast(:province as uuid), {_GIVEN}, {_TEAM_SIZE}, cast(:held as date),
  cast(:held as date), 1, cast(:recorded as timestamptz), cast(:recorded as timestamptz)
from pg_temp.ledger_intake i {_TEAMS} order by i.ord
""",
    """
insert into app.achievement_completer (tenant_id, achievement_id, position, person_id, role, share_numerator,
  share_denominator)
select cast(:tenant as uuid), id, position, person_id, role, share_numerator, share_denominator
from pg_temp.ledger_intake_team
""",
    """
insert into app.achievement_right (tenant_id, achievement_id, position, number, raw, kind, category, status, applied_on,
  granted_on, expires_on)
select cast(:tenant as uuid), i.id, x.place, x.r ->> 'number', x.r ->> 'raw', x.r ->> 'kind', x.r ->> 'category',
  x.r ->> 'status', (x.r ->> 'applied_on')::date, (x.r ->> 'granted_on')::date, (x.r ->> 'expires_on')::date
from pg_temp.ledger_intake i cross join lateral jsonb_array_elements(i.rights) with ordinality x (r, place)
""",
    """
with made as (
  insert into app.conversion_record (tenant_id, id, achievement_id, position, mode, counterparty, credit_code,
    contract_number, signed_on, amount, terms, remark)
  select cast(:tenant as uuid), gen_random_uuid(), i.id, x.place, x.d ->> 'mode', x.d ->> 'counterparty',
    x.d ->> 'credit_code', x.d ->> 'contract_number', (x.d ->> 'signed_on')::date, (x.d ->> 'amount')::numeric,
    x.d ->> 'terms', x.d ->> 'remark'
  from pg_temp.ledger_intake i cross join lateral jsonb_array_elements(i.deals) with ordinality x (d, place)
  returning *)
insert into app.conversion_record_version (tenant_id, id, version, held, recorded, achievement_id, position, mode,
  counterparty, credit_code, contract_number, signed_on, amount, terms, remark, live, revision, reason, actor_id)
select tenant_id, id, gen_random_uuid(), daterange(cast(:held as date), null),
  tstzrange(cast(:recorded as timestamptz), null), achievement_id, position, mode, counterparty, credit_code,
  contract_number, signed_on, amount, terms, remark, live, revision, cast(:reason as text), cast(:actor as uuid)
from made
""",
    f"""
insert into app.achievement_version (tenant_id, id, version, held, recorded, {_VALUES}, team, team_size, rights,
  revision, reason, actor_id)
select cast(:tenant as uuid), i.id, gen_random_uuid(), daterange(cast(:held as date), null),
  tstzrange(cast(:recorded as timestamptz), null), {_GIVEN}, coalesce(t.team, '[]'), {_TEAM_SIZE}, i.rights, 1,
  cast(:reason as text), cast(:actor as uuid)
from pg_temp.ledger_intake i {_TEAMS} order by i.ord
""",
    f"""
insert into app.ledger_number (tenant_id, number, achievement_id, used_at)
select cast(:tenant as uuid), {_NUMBER}, i.id, cast(:recorded as timestamptz) from pg_temp.ledger_intake i order by i.ord
""",
    f"""
insert into app.achievement_gram (tenant_id, gram, obtained_key, number, achievement_id)
select cast(:tenant as uuid), substr(i.name_key, place, 2), {_OBTAINED_KEY}, {_NUMBER}, i.id
from pg_temp.ledger_intake i cross join lateral generate_series(1, length(i.name_key)) as place
union
select cast(:tenant as uuid), '{MARK}' || substr(reading, place, 3), {_OBTAINED_KEY}, {_NUMBER}, i.id
from pg_temp.ledger_intake i cross join lateral string_to_table(i.initials, ' ') as reading
cross join lateral generate_series(1, length(reading) - 1) as place order by 2, 3, 4
""",
)


@dataclass(frozen=True, slots=True)
class Registered:
    """How many were registered and the first and last number they got; ``recorded`` is when the ledger knows them from."""

    count: int
    first_number: int
    last_number: int
    recorded: datetime


async def lock_ledger(tx: Transaction) -> int:
    """Hold the tenant's counter until the end of the transaction, so that numbers and names are given one after another."""
    return await _take(tx, 0)


async def _take(tx: Transaction, wanted: int) -> int:
    return int(await tx.scalar(_LOCK, {"tenant": tx.tenant_id, "province": tx.province_id, "wanted": wanted}))


async def open_intake(tx: Transaction) -> None:
    """Make the temporary tables of this transaction, empty."""
    await tx.driver.execute(_OPEN)


async def fill_intake(tx: Transaction, entries: Iterable[Entry] | AsyncIterable[Entry]) -> int:
    """Copy entries into ``ledger_intake`` in batches; returns how many. Memory stays that of one batch."""
    done = 0
    async for batch in _batches(entries):
        records = [_record(done + place, entry) for place, entry in enumerate(batch)]
        await tx.driver.copy_records_to_table("ledger_intake", records=records, columns=COLUMNS)
        done += len(records)
    return done


async def _batches(entries: Iterable[Entry] | AsyncIterable[Entry]) -> AsyncIterator[list[Entry]]:
    if isinstance(entries, AsyncIterable):
        batch: list[Entry] = []
        async for entry in entries:
            batch.append(entry)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    source = iter(entries)
    while part := list(islice(source, _BATCH)):
        yield part


def _record(place: int, entry: Entry) -> tuple[Any, ...]:
    values = [getattr(entry, name) for name in FIELDS]
    for index, name in enumerate(FIELDS):
        if name in _JSON:
            values[index] = dump_json(values[index]) if values[index] else None
        elif name == "stage_evidence":
            values[index] = list(values[index]) or None
    return (
        place,
        entry.id or new_id(),
        name_key(entry.name),
        sort_key(entry.name),
        initials_of(entry.name),
        *values,
        dump_json([member.as_json() for member in entry.team]),
        dump_json([right.as_json() for right in entry.rights]),
        dump_json([deal.as_json() for deal in entry.deals]),
    )


async def register_intake(
    tx: Transaction, *, held_from: date, source: str, import_id: UUID | None = None, reason: str | None = None
) -> Registered:
    """Register what stands in ``ledger_intake``: numbers, people, achievements, rights, conversions, versions, search
    words and totals, visible at once or not at all.

    :raises sqlalchemy.exc.IntegrityError: a name or right number of the set is already in the ledger, or twice in it.
    """
    count = int(await tx.scalar(text("select count(*) from pg_temp.ledger_intake")))
    if count > _BATCH:
        await tx.execute(text("analyze pg_temp.ledger_intake"))
        # This session may hold plans for the checks of foreign keys from when the tables were small.
        await tx.driver.execute("discard plans")
    last = await _take(tx, count)
    prefix = await tx.scalar(_PREFIX, {"tenant": tx.tenant_id, "province": tx.province_id})
    recorded = await tx.recorded_now()
    parameters = {
        "tenant": tx.tenant_id,
        "province": tx.province_id,
        "first": last - count + 1,
        "prefix": prefix or "CG",
        "source": source,
        "import": import_id,
        "held": held_from,
        "recorded": recorded,
        "reason": reason,
        "actor": tx.actor.person_id,
    }
    for step in STEPS:
        await tx.execute(text(step), {name: value for name, value in parameters.items() if f":{name} " in step})
    await add_intake(tx, "pg_temp.ledger_intake")
    await follow_intake(tx, held_from, recorded)
    return Registered(count, last - count + 1, last, recorded)
