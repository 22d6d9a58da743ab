"""The rows of a bench database, written set-based. Foreign keys hold by construction; totals are counted from the rows."""

from uuid import UUID

import psycopg

from services.ledger.totals import COUNTED
from shared.ids import named_id

VERSION = "2"  # another one has every database of the bench made anew
WORDS = ("麒麟", "琥珀", "芙蓉", "玛瑙", "鸳鸯", "蟾蜍", "琵琶", "牡丹", "茉莉", "葡萄")

_ROWS = """
create temporary table place on commit drop as
  select n, (select id from unnest(%(ids)s::uuid[]) with ordinality t (id, o) where o = n) id
  from generate_series(1, %(tenants)s) n;
insert into app.organisation (id, province_id, kind, unit_kind, name, short_name, number_prefix, department_id)
  select id, %(province)s, 'institution', 'university', '示例单位' || n, '示例' || n, 'BN', id from place;
insert into app.tenant_directory (id, province_id, kind, department_id, alias, name)
  select id, %(province)s, 'institution', id, 'bench-' || n, '示例单位' || n from place;
insert into app.achievement (tenant_id, id, province_id, number, code, state, name, name_key, sort_key, type, status, mode,
    stage_declared, stage_recognised, value, value_kind, conversions, obtained_on, obtained_precision, college, source, team_size,
    held_from, began_on, recorded_at, created_at)
  select p.id, md5(p.id::text || 'a' || g)::uuid, %(province)s, g, 'BN-' || lpad(g::text, 4, '0'), 'registered',
    '一种示例成果' || md5(g::text) || '的制备方法', '一种示例成果' || md5(g::text) || '的制备方法', md5((g * 7)::text),
    (array['patent_right','software_copyright','plant_variety','patent_application','non_patent_technology'])[1 + g %% 5],
    (array['not_converted','intended','converting','converted'])[1 + g %% 4],
    case when g %% 4 = 3 then 'licence' end,
    'research', 'research', case when g %% 3 = 0 then (g * 37 %% 100000)::numeric end,
    case when g %% 3 = 0 then 'appraisal' end, case when g %% 4 = 3 then 1 else 0 end,
    date '2010-01-01' + (g * 13 %% 5800), 'day', '学院' || g %% 12, 'imported', 3,
    '2025-12-31', '2025-12-31', now(), now()
  from place p, generate_series(1, %(each)s) g
"""
_PEOPLE = """
insert into app.person (tenant_id, id, province_id, name, salt)
  select p.id, md5(p.id::text || g)::uuid, %(province)s,
    substr('赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨', 1 + g %% 16, 1) ||
    substr('文博丽娟宏图佳怡子涵铁成克俭景行', 1 + (g / 16) %% 16, 2), '\\x00'
  from place p, generate_series(0, 255) g;
insert into app.achievement_completer (tenant_id, achievement_id, position, person_id)
  select p.id, md5(p.id::text || 'a' || g)::uuid, k, md5(p.id::text || ((g * 5 + k * 17) %% 256))::uuid
  from place p, generate_series(1, %(each)s) g, generate_series(1, 3) k
"""
# the versions of a row follow each other by half a year, the last one being what the row says today
_VERSIONS = """
insert into app.achievement_version (tenant_id, id, version, held, recorded, number, code, state, name, name_key, sort_key,
    type, status, mode, stage_declared, stage_recognised, value, value_kind, conversions, obtained_on, obtained_precision,
    college, source, team, team_size, rights, revision)
  select a.tenant_id, a.id, md5(a.id::text || v)::uuid,
    daterange(a.began_on - 180 * (%(versions)s - v), case when v < %(versions)s then a.began_on - 180 * (%(versions)s - v - 1) end),
    tstzrange(a.recorded_at, null), a.number, a.code, a.state, a.name, a.name_key, a.sort_key, a.type,
    a.status, a.mode, a.stage_declared, a.stage_recognised, a.value, a.value_kind, a.conversions, a.obtained_on,
    a.obtained_precision, a.college, a.source, t.team, a.team_size, '[]'::jsonb, v
  from app.achievement a
  cross join lateral (select coalesce(jsonb_agg(jsonb_build_object('person', c.person_id, 'role', null, 'share', null)
    order by c.position), '[]'::jsonb) as team from app.achievement_completer c
    where c.tenant_id = a.tenant_id and c.achievement_id = a.id) t
  cross join generate_series(1, %(versions)s) v
  order by a.tenant_id, a.number, v;
update app.achievement set began_on = began_on - 180 * (%(versions)s - 1), revision = %(versions)s
"""
# ten words, from one name in ten thousand to one in a thousand, each near the middle of its name
_WORDS = """
update app.achievement a set name = replace(a.name, '的制备', w.word || '的制备'),
    name_key = replace(a.name_key, '的制备', w.word || '的制备')
  from unnest(%(words)s::text[]) with ordinality w (word, place)
  where a.number %% 10000 between (w.place - 1) * 20 and (w.place - 1) * 20 + w.place - 1;
insert into app.achievement_gram (tenant_id, gram, obtained_key, number, achievement_id)
  select distinct a.tenant_id, substr(a.name_key, place, 2), a.obtained_key, a.number, a.id
  from app.achievement a cross join lateral generate_series(1, length(a.name_key)) as place order by 1, 2, 3, 4
"""
_TOTALS = f"""
insert into app.ledger_total (tenant_id, province_id, department_id, dimension, first, second, n, n_valued, sum)
  select p.id, %(province)s, p.id, c.* from place p cross join lateral (
    {COUNTED.format(source="app.achievement", where="where tenant_id = p.id and state = 'registered'")}) c;
insert into app.ledger_counter (tenant_id, province_id, last_number)
  select id, %(province)s, %(each)s from place
"""
_ROLL_UP = """
insert into app.province_total (province_id, dimension, first, second, n, n_valued, sum, institutions, rolled_up_at)
  select province_id, dimension, first, second, sum(n), sum(n_valued), sum(sum), count(*), clock_timestamp()
  from app.ledger_total where province_id = %(province)s group by 1, 2, 3, 4
"""


def tenant_id(place: int) -> UUID:
    """The institution with this number, from 1."""
    return named_id("bench", str(place))


def fill(
    connection: psycopg.Connection[tuple[object, ...]], province: UUID, tenants: int, rows: int, people: bool, versions: int,
    *, words: bool = False,
) -> None:  # fmt: skip
    """Write the rows in one transaction, and gather statistics."""
    connection.execute("set session_replication_role = replica")
    parameters = {
        "ids": [tenant_id(place) for place in range(1, tenants + 1)],
        "tenants": tenants,
        "province": province,
        "each": rows // tenants,
        "versions": versions,
        "words": list(WORDS),
    }
    parts = (
        _ROWS, _PEOPLE if people else "", _VERSIONS if versions else "", _WORDS if words else "", _TOTALS, _ROLL_UP,
    )  # fmt: skip
    for statement in ";\n".join(parts).split(";\n"):
        if statement.strip():
            connection.execute(statement, parameters)
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze")
