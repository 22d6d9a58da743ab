"""A database of the bench's own, migrated and seeded set-based once, kept in ``.data/bench``."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from deploy.embedded.postgres import EmbeddedPostgres
from shared.db.engine import make_engine
from shared.db.migrating import migrate, newest_revision
from shared.ids import named_id, token_hash
from shared.keys.keyring import Keyring
from tests.world import make_world

FOLDER = Path(__file__).resolve().parents[2] / ".data" / "bench"
SEED_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Installation:
    """A running server with a seeded database; ``tenants`` are institutions with a session token each."""

    server: EmbeddedPostgres
    database: str
    province_id: UUID
    tenants: list[UUID]
    tokens: list[str]
    rows: int
    keys: Path

    def url(self, login: str) -> str:
        return self.server.dsn(login, self.database)

    def environment(self) -> dict[str, str]:
        """What a web process of this installation needs."""
        return {
            **os.environ,
            "CHENGGUO_MODE": "test",
            "CHENGGUO_PUBLIC_URL": "http://127.0.0.1",
            "CHENGGUO_DATABASE_WEB_URL": self.url("web"),
            "CHENGGUO_OIDC_ISSUER": "http://127.0.0.1:9/realms/none",
            "CHENGGUO_KEY_DIRECTORY": str(self.keys),
        }


@contextmanager
def installation(tenants: int, rows: int) -> Iterator[Installation]:
    """A server with ``rows`` achievements in ``tenants`` institutions; seeding happens once per size and schema."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    keys = Keyring.create(FOLDER / "keys").folder
    with EmbeddedPostgres(FOLDER / "pg") as server:
        name = f"bench_{tenants}_{rows}"
        stamp = FOLDER / f"{name}.json"
        wanted = f"{SEED_VERSION}/{newest_revision()}"
        if not stamp.exists() or json.loads(stamp.read_text())["made"] != wanted or name not in server.databases():
            if name in server.databases():
                server.drop_database(name)
            server.create_database(name)
            migrate(server.dsn("postgres", name))
            province = asyncio.run(_world(server, name))
            _seed(server.dsn("postgres", name), province, tenants, rows)
            stamp.write_text(json.dumps({"made": wanted, "province": str(province)}))
        province = UUID(json.loads(stamp.read_text())["province"])
        ids = [named_id("bench", str(place)) for place in range(1, tenants + 1)]
        tokens = [f"bench-{place}" for place in range(1, tenants + 1)]
        _open_sessions(server.dsn("postgres", name), province, ids, tokens)
        yield Installation(server, name, province, ids, tokens, rows, keys)


async def _world(server: EmbeddedPostgres, name: str) -> UUID:
    engines = [make_engine(server.dsn(login, name), pool_size=2) for login in ("maintenance", "web", "tasks")]
    world = await make_world(*engines)
    for engine in engines:
        await engine.dispose()
    return world.province_id


_SEED = """
create temporary table place on commit drop as
  select n, (select id from unnest(%(ids)s::uuid[]) with ordinality t (id, o) where o = n) id
  from generate_series(1, %(tenants)s) n;
insert into app.organisation (id, province_id, kind, unit_kind, name, short_name, number_prefix, department_id)
  select id, %(province)s, 'institution', 'university', '示例单位' || n, '示例' || n, 'BN', id from place;
insert into app.tenant_directory (id, province_id, kind, department_id, alias, name)
  select id, %(province)s, 'institution', id, 'bench-' || n, '示例单位' || n from place;
insert into app.person (tenant_id, id, province_id, name, salt)
  select p.id, md5(p.id::text || g)::uuid, %(province)s,
    substr('赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨', 1 + g %% 16, 1) ||
    substr('文博丽娟宏图佳怡子涵铁成克俭景行', 1 + (g / 16) %% 16, 2), '\\x00'
  from place p, generate_series(0, 255) g;
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
  from place p, generate_series(1, %(each)s) g;
insert into app.achievement_completer (tenant_id, achievement_id, position, person_id)
  select p.id, md5(p.id::text || 'a' || g)::uuid, k, md5(p.id::text || ((g * 5 + k * 17) %% 256))::uuid
  from place p, generate_series(1, %(each)s) g, generate_series(1, 3) k;
insert into app.ledger_total (tenant_id, dimension, first, second, province_id, department_id, n, n_valued, sum)
  select p.id, 'all', '', '', %(province)s, p.id, %(each)s, 0, 0 from place p;
"""


def _seed(url: str, province: UUID, tenants: int, rows: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("set session_replication_role = replica")  # foreign keys hold by construction
        parameters = {
            "ids": [named_id("bench", str(place)) for place in range(1, tenants + 1)],
            "tenants": tenants,
            "province": province,
            "each": rows // tenants,
        }
        for statement in _SEED.split(";\n"):
            if statement.strip():
                connection.execute(statement, parameters)
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")


def _open_sessions(url: str, province: UUID, tenants: list[UUID], tokens: list[str]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("delete from app.session")
        for tenant, token in zip(tenants, tokens, strict=True):
            connection.execute(
                "select app.open_session(%s, 'web_institution', %s, %s, %s, %s, '示例经办', '', '示例单位', array['clerk'], "
                "'bench', %s, %s, '1', ''::bytea, '127.0.0.1', 86400, 86400)",
                (token_hash(token), tenant, province, tenant, named_id("bench", "person", token), token, token),
            )
