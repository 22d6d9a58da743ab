"""Handing a whole ledger over to another institution, set-based: what is registered ends in one tenant and opens in the other.

No row changes its tenant: each gets a new one there with a new number, and both say where the other is. It is one transaction over
two tenants, which the maintenance login alone may do: nobody ever counts an achievement in both, or in none.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, text

from services.ledger.history import ACHIEVEMENTS
from services.ledger.models import (
    achievement,
    achievement_gram,
    achievement_right,
    conversion_record,
    conversion_record_version,
)
from services.ledger.papers.models import ledger_paper
from services.ledger.past.changes import handed_over
from services.ledger.past.rolling import roll_up_changes
from services.ledger.payments.models import conversion_payment, conversion_payment_version
from services.ledger.totals import COUNTED, UPSERT, roll_up
from shared.db.transaction import Transaction

SOURCE = "merged"
_NAMED = 20
_BOUND = re.compile(r"(?<!:):([a-z_]+)")


def _names(table: Table, *but: str) -> list[str]:
    return [c.name for c in table.c if c.computed is None and c.name not in but]


def _list(names: list[str], row: str = "") -> str:
    return ", ".join(f"{row}.{name}" if row else name for name in names)


_GIVEN = ("number", "code", "state", "source", "import_id")
_KEYS = ("tenant_id", "id", "version", "held", "recorded", "reason", "actor_id", "revision")
_VALUES = [name for name in ACHIEVEMENTS.copied if name in achievement.c and name not in (*_GIVEN, "team_size")]
_WRITTEN = [name for name in ACHIEVEMENTS.copied if name != "state"]
_RIGHTS = _names(achievement_right, "tenant_id", "achievement_id")
_DEALS = _names(conversion_record, "tenant_id", "id", "achievement_id")
_DEAL_VERSIONS = _names(conversion_record_version, *_KEYS, "achievement_id")
_PAYMENTS = _names(conversion_payment, "tenant_id", "id", "achievement_id", "conversion_id")
_PAYMENT_VERSIONS = _names(conversion_payment_version, *_KEYS, "achievement_id", "conversion_id")
_GRAMS = _names(achievement_gram, "tenant_id", "achievement_id")
_PAPERS = _names(ledger_paper, "tenant_id", "id", "achievement_id", "added_by", "withdrawn_by")

_OPEN = """
create temporary table carried (old_id uuid primary key, new_id uuid not null, number integer not null, code text not null,
  old_number integer not null, old_code text not null) on commit drop;
create temporary table carried_person (old_id uuid primary key, new_id uuid not null) on commit drop;
create temporary table carried_deal (old_id uuid primary key, new_id uuid not null) on commit drop;
create temporary table carried_payment (old_id uuid primary key, new_id uuid not null) on commit drop;
"""
_NUMBERED = "(cast(:first as integer) + row_number() over (order by number) - 1)"
_NOW = "daterange(cast(:since as date), null), tstzrange(cast(:at as timestamptz), null)"
_TEAM = (
    "(select coalesce(jsonb_agg(jsonb_build_object('person', p.new_id, 'role', m.role, 'share', case when "
    "m.share_denominator is not null then jsonb_build_array(m.share_numerator, m.share_denominator) end) "
    "order by m.position), '[]') from app.achievement_completer m join carried_person p on p.old_id = m.person_id "
    "where m.tenant_id = :old and m.achievement_id = c.old_id)"
)
_TOTAL = (
    "insert into app.ledger_total as t (tenant_id, province_id, department_id, dimension, first, second, n, n_valued, sum) "
    "select cast(:{tenant} as uuid), cast(:province as uuid), cast(:{tenant}_department as uuid), k.dimension, k.first, "
    "k.second, {sign} k.n, {sign} k.n_valued, {sign} k.sum from (" + COUNTED + " order by 1, 2, 3) as k " + UPSERT
)


def _total(tenant: str, sign: str) -> str:
    where = f"where tenant_id = :{tenant} and id in (select {'old' if sign else 'new'}_id from carried)"
    # the braces of COUNTED are filled last, since its own text holds none
    return _TOTAL.format(tenant=tenant, sign=sign, source="app.achievement", where=where)


_STEPS = (
    f"insert into carried select id, gen_random_uuid(), {_NUMBERED}, cast(:prefix as text) || '-' || "
    f"lpad({_NUMBERED}::text, greatest(4, length({_NUMBERED}::text)), '0'), number, code "
    "from app.achievement where tenant_id = :old and state = 'registered'",
    "insert into carried_person select person_id, gen_random_uuid() from (select distinct m.person_id "
    "from app.achievement_completer m join carried c on c.old_id = m.achievement_id "
    "where m.tenant_id = :old) as known",
    "insert into carried_deal select d.id, gen_random_uuid() from app.conversion_record d "
    "join carried c on c.old_id = d.achievement_id where d.tenant_id = :old",
    "insert into carried_payment select p.id, gen_random_uuid() from app.conversion_payment p "
    "join carried c on c.old_id = p.achievement_id where p.tenant_id = :old",
    # a person of the new institution, with a salt of their own; who signs in there is for its identity provider to say
    "insert into app.person (tenant_id, id, province_id, name, unit, salt, erased_at) "
    "select cast(:new as uuid), c.new_id, cast(:province as uuid), p.name, p.unit, uuid_send(gen_random_uuid()), p.erased_at "
    "from app.person p join carried_person c on c.old_id = p.id where p.tenant_id = :old",
    f"insert into app.achievement (tenant_id, id, province_id, number, code, state, source, {_list(_VALUES)}, team_size, "
    "held_from, began_on, revision, recorded_at, created_at) "
    "select cast(:new as uuid), c.new_id, cast(:province as uuid), "
    f"c.number, c.code, 'registered', '{SOURCE}', {_list(_VALUES, 'a')}, a.team_size, cast(:since as date), "
    "cast(:since as date), 1, cast(:at as timestamptz), cast(:at as timestamptz) "
    "from app.achievement a join carried c on c.old_id = a.id where a.tenant_id = :old",
    "insert into app.achievement_completer (tenant_id, achievement_id, position, person_id, role, share_numerator, "
    "share_denominator) "
    "select cast(:new as uuid), c.new_id, m.position, p.new_id, m.role, m.share_numerator, m.share_denominator "
    "from app.achievement_completer m join carried c on c.old_id = m.achievement_id "
    "join carried_person p on p.old_id = m.person_id where m.tenant_id = :old",
    f"insert into app.achievement_right (tenant_id, achievement_id, {_list(_RIGHTS)}) "
    f"select cast(:new as uuid), c.new_id, "
    f"{_list(_RIGHTS, 'r')} from app.achievement_right r join carried c on c.old_id = r.achievement_id "
    "where r.tenant_id = :old",
    f"insert into app.conversion_record (tenant_id, id, achievement_id, {_list(_DEALS)}) "
    f"select cast(:new as uuid), m.new_id, c.new_id, {_list(_DEALS, 'd')} from app.conversion_record d "
    f"join carried_deal m on m.old_id = d.id "
    "join carried c on c.old_id = d.achievement_id where d.tenant_id = :old",
    f"insert into app.conversion_record_version (tenant_id, id, version, held, recorded, achievement_id, revision, reason, "
    f"{_list(_DEAL_VERSIONS)}) select cast(:new as uuid), m.new_id, gen_random_uuid(), {_NOW}, c.new_id, d.revision, "
    f"cast(:came as text), {_list(_DEAL_VERSIONS, 'd')} from app.conversion_record d "
    "join carried_deal m on m.old_id = d.id join carried c on c.old_id = d.achievement_id where d.tenant_id = :old",
    f"insert into app.conversion_payment (tenant_id, id, achievement_id, conversion_id, {_list(_PAYMENTS)}) "
    f"select cast(:new as uuid), m.new_id, c.new_id, k.new_id, {_list(_PAYMENTS, 'p')} from app.conversion_payment p "
    "join carried_payment m on m.old_id = p.id join carried c on c.old_id = p.achievement_id "
    "join carried_deal k on k.old_id = p.conversion_id where p.tenant_id = :old",
    "insert into app.conversion_payment_version (tenant_id, id, version, held, recorded, achievement_id, conversion_id, "
    f"revision, reason, {_list(_PAYMENT_VERSIONS)}) "
    f"select cast(:new as uuid), m.new_id, gen_random_uuid(), {_NOW}, c.new_id, k.new_id, "
    f"p.revision, cast(:came as text), {_list(_PAYMENT_VERSIONS, 'p')} from app.conversion_payment p "
    "join carried_payment m on m.old_id = p.id join carried c on c.old_id = p.achievement_id "
    "join carried_deal k on k.old_id = p.conversion_id where p.tenant_id = :old",
    f"insert into app.ledger_paper (tenant_id, id, achievement_id, {_list(_PAPERS)}) "
    f"select cast(:new as uuid), gen_random_uuid(), "
    f"c.new_id, {_list(_PAPERS, 'p')} from app.ledger_paper p join carried c on c.old_id = p.achievement_id "
    "where p.tenant_id = :old",
    f"insert into app.achievement_version (tenant_id, id, version, held, recorded, number, code, state, source, "
    f"{_list(_VALUES)}, team, team_size, rights, revision, reason) "
    f"select cast(:new as uuid), c.new_id, gen_random_uuid(), "
    f"{_NOW}, c.number, c.code, 'registered', '{SOURCE}', {_list(_VALUES, 'a')}, {_TEAM}, a.team_size, v.rights, 1, "
    "cast(:came as text) || '，原编号 ' || c.old_code from app.achievement a join carried c on c.old_id = a.id "
    "join app.achievement_version v on v.tenant_id = :old and v.id = a.id and upper_inf(v.recorded) "
    "and upper_inf(v.held) "
    "where a.tenant_id = :old",
    "insert into app.ledger_number (tenant_id, number, achievement_id, used_at) "
    "select cast(:new as uuid), number, new_id, cast(:at as timestamptz) from carried",
    f"insert into app.achievement_gram (tenant_id, achievement_id, {_list(_GRAMS)}) "
    f"select cast(:new as uuid), c.new_id, "
    + ", ".join("c.number" if name == "number" else f"g.{name}" for name in _GRAMS)
    + " from app.achievement_gram g join carried c on c.old_id = g.achievement_id where g.tenant_id = :old",
    "insert into app.achievement_origin (tenant_id, achievement_id, former_tenant_id, former_id, former_name, former_code, "
    "former_number, since) select cast(:new as uuid), new_id, cast(:old as uuid), old_id, cast(:old_name as text), "
    "old_code, old_number, cast(:since as date) from carried",
    _total("new", ""),
    _total("old", "-"),
    # what was known until now of that day and later is known no more; it held until the day, and is merged from then on
    "update app.achievement_version set recorded = tstzrange(lower(recorded), cast(:at as timestamptz)) where "
    "tenant_id = :old and upper_inf(recorded) and held && daterange(cast(:since as date), null) "
    "and id in (select old_id from carried)",
    f"insert into app.achievement_version (tenant_id, id, version, held, recorded, state, {_list(_WRITTEN)}, revision, "
    "reason, actor_id) select tenant_id, id, gen_random_uuid(), daterange(lower(held), cast(:since as date)), "
    f"tstzrange(cast(:at as timestamptz), null), state, {_list(_WRITTEN)}, revision, reason, actor_id "
    "from app.achievement_version where tenant_id = :old and upper(recorded) = cast(:at as timestamptz) "
    "and coalesce(lower(held), '-infinity') < cast(:since as date) and id in (select old_id from carried)",
    f"insert into app.achievement_version (tenant_id, id, version, held, recorded, state, {_list(_WRITTEN)}, revision, "
    "reason, actor_id) select v.tenant_id, v.id, gen_random_uuid(), "
    "v.held * daterange(cast(:since as date), null), tstzrange(cast(:at as timestamptz), null), 'merged', "
    f"{_list(_WRITTEN, 'v')}, v.revision + 1, cast(:went as text) || '，新编号 ' || c.code, null "
    "from app.achievement_version v join carried c on c.old_id = v.id where v.tenant_id = :old "
    "and upper(v.recorded) = cast(:at as timestamptz)",
    "update app.ledger_number n set reason = cast(:went as text) || '，新编号 ' || c.code from carried c "
    "where n.tenant_id = :old and n.achievement_id = c.old_id",
    "update app.achievement_right set live = false where tenant_id = :old "
    "and achievement_id in (select old_id from carried)",
    "delete from app.achievement_gram where tenant_id = :old and achievement_id in (select old_id from carried)",
    "update app.achievement set state = 'merged', revision = revision + 1, recorded_at = cast(:at as timestamptz), "
    "held_from = greatest(held_from, cast(:since as date)) "
    "where tenant_id = :old and id in (select old_id from carried)",
    handed_over("new", "select new_id from carried"),
    handed_over("old", "select old_id from carried"),
)
_TAKE = text(
    "insert into app.ledger_counter as c (tenant_id, province_id, last_number) values (:tenant, :province, :wanted) "
    "on conflict (tenant_id) do update set last_number = c.last_number + excluded.last_number returning c.last_number"
)
_TWICE = text(
    "select o.code as old_code, n.code as new_code from app.achievement o join app.achievement n "
    "on n.tenant_id = :new and n.name_key = o.name_key and n.state <> 'revoked' "
    "where o.tenant_id = :old and o.state = 'registered' union select o.code, n.code from app.achievement_right r "
    "join app.achievement o on o.tenant_id = :old and o.id = r.achievement_id and o.state = 'registered' "
    "join app.achievement_right s on s.tenant_id = :new and s.live and s.number = r.number "
    "join app.achievement n on n.tenant_id = :new and n.id = s.achievement_id "
    f"where r.tenant_id = :old and r.live order by 1, 2 limit {_NAMED}"
)


@dataclass(frozen=True, slots=True)
class Handover:
    """From which tenant to which, as each is registered; ``since`` is the first day on which the new one has it."""

    old: Any
    new: Any
    since: date


@dataclass(frozen=True, slots=True)
class Carried:
    """How many achievements and people went over, and the instant from which both ledgers know it."""

    achievements: int
    persons: int
    recorded: datetime


async def lock_ledgers(tx: Transaction, handover: Handover) -> None:
    """Hold both counters until the end of the transaction: neither ledger gives a number or takes a name meanwhile."""
    for one in sorted((handover.old, handover.new), key=lambda row: str(row.id)):
        await tx.execute(_TAKE, {"tenant": one.id, "province": one.province_id, "wanted": 0})
    await tx.execute(
        text("select 1 from app.achievement where tenant_id = :old and state = 'registered' order by id for update"),
        {"old": handover.old.id},
    )


async def standing_twice(tx: Transaction, handover: Handover) -> list[tuple[str, str]]:
    """Numbers, here "
    "and there, of achievements that stand in both ledgers by name or by a right's number; the first ones."""
    rows = await tx.rows(_TWICE, {"old": handover.old.id, "new": handover.new.id})
    return [(row.old_code, row.new_code) for row in rows]


async def papers_to_carry(tx: Transaction, handover: Handover) -> list[str]:
    """The hashes of the papers that belong to what goes over."""
    rows = await tx.rows(
        text(
            "select distinct p.object_hash from app.ledger_paper p "
            "join app.achievement a on a.tenant_id = p.tenant_id "
            "and a.id = p.achievement_id where p.tenant_id = :old and a.state = 'registered' order by 1"
        ),
        {"old": handover.old.id},
    )
    return [row.object_hash for row in rows]


async def carry_over(tx: Transaction, handover: Handover) -> Carried:
    """Hand over everything registered; the caller holds both ledgers, has copied the papers "
    "and writes event and audit.

    :raises sqlalchemy.exc.IntegrityError: something stands in both ledgers.
    """
    old, new = handover.old, handover.new
    count = int(
        await tx.scalar(
            text("select count(*) from app.achievement where tenant_id = :old and state = 'registered'"),
            {"old": old.id},
        )
    )
    last = int(await tx.scalar(_TAKE, {"tenant": new.id, "province": new.province_id, "wanted": count}))
    recorded = await tx.recorded_now()
    values = {
        "old": old.id, "new": new.id, "province": new.province_id, "old_department": old.department_id,
        "new_department": new.department_id, "since": handover.since, "at": recorded, "first": last - count + 1,
        "prefix": new.number_prefix or "CG", "old_name": old.name,
        "came": f"{old.name}并入", "went": f"并入{new.name}",
    }  # fmt: skip
    await tx.driver.execute(_OPEN)
    for step in _STEPS:
        await tx.execute(text(step), {name: values[name] for name in _BOUND.findall(step)})
    persons = int(await tx.scalar(text("select count(*) from carried_person")))
    await roll_up(tx)
    await roll_up_changes(tx)
    return Carried(count, persons, recorded)
