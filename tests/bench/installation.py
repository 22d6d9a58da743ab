"""Databases of the bench's own, migrated and seeded set-based once, kept in ``.data/bench``."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from deploy.demo.lists import seed_lists
from deploy.embedded.postgres import EmbeddedPostgres
from shared.db.engine import make_engine
from shared.db.migrating import migrate
from shared.ids import named_id, token_hash
from shared.keys.keyring import Keyring
from tests.bench import seeding
from tests.world import make_world

FOLDER = Path(__file__).resolve().parents[2] / ".data" / "bench"
MIGRATIONS = Path(__file__).resolve().parents[2] / "deploy" / "migrations"
AUTHORITY_TOKEN = "bench-authority"


@dataclass(frozen=True, slots=True)
class Seed:
    """What a database holds: ``rows`` achievements, evenly in ``tenants`` institutions; ``people`` says whether each has its
    three completers; ``versions`` is how many versions of each row are kept, each of them known today; ``words`` says whether
    names hold rare words, with the search words of every name.
    """

    tenants: int
    rows: int
    people: bool = True
    versions: int = 0
    words: bool = False

    @property
    def name(self) -> str:
        lean = "" if self.people else "_lean"
        more = (f"_v{self.versions}" if self.versions else "") + ("_words" if self.words else "")
        return f"bench_{self.tenants}_{self.rows}{lean}{more}"


@dataclass(frozen=True, slots=True)
class Installation:
    """A running server with a seeded database; ``tenants`` are institutions with a session token each, ``authority`` is the
    province's science department, signed in by ``AUTHORITY_TOKEN``.
    """

    server: EmbeddedPostgres
    database: str
    province_id: UUID
    slug: str
    authority: UUID
    tenants: list[UUID]
    tokens: list[str]
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
def installation(seed: Seed) -> Iterator[Installation]:
    """A server with the seeded database; seeding happens once per size and schema."""
    with installations(seed) as (only,):
        yield only


@contextmanager
def installations(*seeds: Seed) -> Iterator[list[Installation]]:
    """One server with a seeded database for each, so that two sizes can take turns."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    keys = Keyring.create(FOLDER / "keys").folder
    with EmbeddedPostgres(FOLDER / "pg") as server:
        yield [_opened(server, seed, keys) for seed in seeds]


def _opened(server: EmbeddedPostgres, seed: Seed, keys: Path) -> Installation:
    known = _seeded(server, seed)
    province, authority = UUID(known["province"]), UUID(known["authority"])
    ids = [seeding.tenant_id(place) for place in range(1, seed.tenants + 1)]
    tokens = [f"bench-{place}" for place in range(1, seed.tenants + 1)]
    _open_sessions(server.dsn("postgres", seed.name), province, authority, ids, tokens)
    return Installation(server, seed.name, province, known["slug"], authority, ids, tokens, keys)


def _seeded(server: EmbeddedPostgres, seed: Seed) -> dict[str, str]:
    """What is known of the database, which is made when there is none of this schema yet."""
    stamp = FOLDER / f"{seed.name}.json"
    wanted = f"{seeding.VERSION}/{_schema()}"
    if stamp.exists() and seed.name in server.databases():
        known: dict[str, str] = json.loads(stamp.read_text())
        if known["made"] == wanted:
            return known
    print(f"seeding {seed.rows:,} rows …", file=sys.stderr, flush=True)
    stamp.unlink(missing_ok=True)
    if seed.name in server.databases():
        server.drop_database(seed.name)
    server.create_database(seed.name)
    migrate(server.dsn("postgres", seed.name))
    known = {"made": wanted, **asyncio.run(_world(server, seed.name))}
    with psycopg.connect(server.dsn("postgres", seed.name)) as connection:
        seeding.fill(
            connection, UUID(known["province"]), seed.tenants, seed.rows, seed.people, seed.versions, words=seed.words
        )
    stamp.write_text(json.dumps(known))
    return known


def _schema() -> str:
    """A hash of the migrations."""
    found = hashlib.sha256()
    for path in sorted(MIGRATIONS.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


async def _world(server: EmbeddedPostgres, name: str) -> dict[str, str]:
    """A province with its authorities, a pack in force and a published list."""
    engines = [make_engine(server.dsn(login, name), pool_size=2) for login in ("maintenance", "web", "tasks")]
    world = await make_world(*engines)
    async with world.acting(world.science, "science_officer", "science") as tx:
        await seed_lists(tx)
    for engine in engines:
        await engine.dispose()
    return {"province": str(world.province_id), "slug": world.slug, "authority": str(world.science)}


def _open_sessions(url: str, province: UUID, authority: UUID, tenants: list[UUID], tokens: list[str]) -> None:
    people = [(tenant, "web_institution", "clerk", token) for tenant, token in zip(tenants, tokens, strict=True)]
    people.append((authority, "web_science", "science_officer", AUTHORITY_TOKEN))
    with psycopg.connect(url) as connection:
        connection.execute("delete from app.session")
        for tenant, role, held, token in people:
            connection.execute(
                "select app.open_session(%s, %s, %s, %s, %s, %s, '示例经办', '', '示例单位', array[%s], "
                "'bench', %s, %s, '1', ''::bytea, '127.0.0.1', 86400, 86400)",
                (token_hash(token), role, tenant, province, tenant, named_id("bench", "person", token), held, token, token),
            )  # fmt: skip
