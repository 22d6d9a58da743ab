"""The totals of every day: what changes add up to is what a recount of the versions gives, per unit and for authorities."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from deploy.embedded.postgres import EmbeddedPostgres
from services.ledger import workflow
from services.ledger.entry import Deal
from services.ledger.past.changes import KEPT
from services.ledger.past.rolling import follow_department, institutions_then, roll_up_changes, totals_then
from services.ledger.points import end_of
from services.ledger.totals import DIMENSIONS
from services.ledger.withdrawal import revoke_registered
from shared.clock import local_day, real_now
from shared.db.migrating import migrate
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.errors import Refusal
from shared.ids import new_id
from tests.services.annual_report.arranging import entry
from tests.services.ledger.test_workflow import DAY
from tests.world import START, World

NAME = "counted_before"
_CELLS = ", ".join(f"('{name}', {DIMENSIONS[name][0]}, {DIMENSIONS[name][1]})" for name in KEPT)
_RECOUNT = text(
    "select d.day, c.dimension, c.first, c.second, count(*) as n, count(v.value) as n_valued, coalesce(sum(v.value), 0) as sum "
    "from unnest(cast(:days as date[])) as d (day) join app.achievement_version v on v.held @> d.day "
    f"cross join lateral (values {_CELLS}) as c (dimension, first, second) where v.tenant_id = :tenant "
    "and v.state = 'registered' and case when cast(:known as timestamptz) is null then upper_inf(v.recorded) "
    "else v.recorded @> cast(:known as timestamptz) end and v.id <> all (array(select q.id from app.achievement q "
    "where q.tenant_id = :tenant and q.state = 'quarantined')) group by 1, 2, 3, 4"
)
_ADDED_UP = text(
    "select d.day, t.dimension, t.first, t.second, sum(t.n) as n, sum(t.n_valued) as n_valued, sum(t.sum) as sum "
    "from unnest(cast(:days as date[])) as d (day) join app.ledger_total_change t on t.day <= d.day "
    "where t.tenant_id = :tenant and t.known_on <= coalesce(cast(:known_on as date), 'infinity') group by 1, 2, 3, 4"
)
_DAYS = text(
    "select distinct edge.day from app.achievement_version v cross join lateral (values (lower(held)), (upper(held)), "
    "(lower(held) - 1)) as edge (day) where v.tenant_id = :tenant and edge.day is not null"
)
Told = dict[tuple[Any, ...], tuple[Any, ...]]


async def _told(tx: Transaction, statement: Any, **values: Any) -> Told:
    rows = await tx.rows(statement, {"tenant": tx.tenant_id, **values})
    cells = {(row.day, row.dimension, row.first, row.second): (row.n, row.n_valued, row.sum) for row in rows}
    return {cell: sums for cell, sums in cells.items() if any(sums)}


async def recounted_days(tx: Transaction, known_on: date | None = None) -> int:
    """Whether the changes add up to a recount of the versions on every day that a version begins, ends or is about to; how
    many cells there were.
    """
    days = [row.day for row in await tx.rows(_DAYS, {"tenant": tx.tenant_id})]
    known = None if known_on is None else end_of(known_on)
    counted = await _told(tx, _RECOUNT, days=days, known=known)
    assert await _told(tx, _ADDED_UP, days=days, known_on=known_on) == counted, known_on
    return len(counted)


async def _yesterday(world: World, tenant: UUID) -> date:
    """Have everything of a unit so far been known since the day before."""
    versions = "select version from app.achievement_version where tenant_id = :tenant order by lower(recorded)"
    earlier = (
        "update app.achievement_version set recorded = tstzrange(lower(recorded) - interval '1 day', "
        "upper(recorded) - interval '1 day') where tenant_id = :tenant and version = :version and not isempty(recorded)"
    )
    async with world.maintenance.begin() as connection:
        # one after the other from the first, so that none reaches into the next one's time
        for row in await connection.execute(text(versions), {"tenant": tenant}):
            await connection.execute(text(earlier), {"tenant": tenant, "version": row.version})
        await connection.execute(
            text("update app.ledger_total_change set known_on = known_on - 1 where tenant_id = :tenant"),
            {"tenant": tenant},
        )
    return local_day(real_now()) - timedelta(days=1)


async def lived(world: World, tenant: UUID) -> tuple[dict[str, UUID], date]:
    """Registered, imported, converted and corrected yesterday; corrected in the past, revoked and an import undone today."""
    ids: dict[str, UUID] = {}
    async with world.acting(tenant) as tx:
        for name, since in (("甲", DAY), ("乙", DAY + timedelta(days=3)), ("丙", DAY)):
            done = await workflow.register(tx, entry(name), held_from=since)
            assert isinstance(done, UUID)
            ids[name] = done
    run = new_id()
    async with world.acting(tenant) as tx:
        await workflow.register_many(
            tx, [entry("丁"), entry("戊", type="software_copyright")], held_from=DAY, source="imported", import_id=run
        )
        deal = Deal("licence", "示例公司", signed_on=DAY + timedelta(days=5), amount=Decimal(70_000))
        assert isinstance(await workflow.record_conversion(tx, ids["甲"], deal), UUID)
        # twice in one transaction: the first was never known
        for status in ("intended", "converting"):
            changed = await workflow.correct(
                tx, ids["乙"], {"status": status, "value": Decimal(5)}, since=DAY + timedelta(days=8), reason="更正"
            )
            assert not isinstance(changed, Refusal), changed
    before = await _yesterday(world, tenant)
    async with world.acting(tenant) as tx:
        changed = await workflow.correct(
            tx, ids["甲"], {"type": "software_copyright", "obtained_on": date(2025, 5, 1), "obtained_precision": "day"},
            since=DAY + timedelta(days=2), reason="更正过去",
        )  # fmt: skip
        assert not isinstance(changed, Refusal), changed
        assert await workflow.revoke(tx, ids["丙"], "重复登记") is None
    async with world.acting(tenant) as tx:
        assert await revoke_registered(tx, run, "撤销导入") == 2
    return ids, before


@pytest.mark.requirement("R205")
async def test_changes_add_up_to_a_recount_on_every_day_and_as_known_on_each(world: World) -> None:
    _, before = await lived(world, world.university)
    async with world.acting(world.university) as tx:
        assert await recounted_days(tx) > 10
        assert await recounted_days(tx, before) > 10
        assert await recounted_days(tx, before - timedelta(days=1)) == 0
        status = await _told(tx, _ADDED_UP, days=[DAY], known_on=before)
        assert status[DAY, "status", "not_converted", ""][0] == 4, "the imported and the revoked were known then"
        status = await _told(tx, _ADDED_UP, days=[DAY], known_on=None)
        assert status[DAY, "status", "not_converted", ""][0] == 1, "and are not of any day, as it is known today"


async def test_what_is_quarantined_counts_on_no_day_until_it_is_released_or_wiped(world: World) -> None:
    ids, before = await lived(world, world.university)
    for verb, role in ((workflow.release, "secrecy"), (workflow.wipe, "secrecy")):
        async with world.acting(world.university) as tx:
            assert await workflow.quarantine(tx, ids["甲"], "疑似涉密") is None
        async with world.acting(world.university) as tx:
            await recounted_days(tx)
            await recounted_days(tx, before)
            cells = await _told(tx, _ADDED_UP, days=[START.date()], known_on=before)
            assert (START.date(), "mode", "licence", "") not in cells
        async with world.acting(world.university, role) as tx:
            assert await verb(tx, ids["甲"], "认定结果") is None
        async with world.acting(world.university) as tx:
            await recounted_days(tx)
            await recounted_days(tx, before)


async def _rolled_up(world: World) -> None:
    rollup = Scope("worker_rollup", world.university, world.province_id, world.university, world.department)
    async with transaction(world.tasks, rollup, Actor(None, world.university)) as tx:
        await roll_up_changes(tx)


async def test_authorities_add_up_their_units_of_a_day_and_a_unit_goes_over_whole(world: World) -> None:
    for tenant in (world.university, world.institute):
        _, before = await lived(world, tenant)
    await _rolled_up(world)
    day = DAY + timedelta(days=3)
    kinds = ((world.science, "science_officer", "science"), (world.department, "department_officer", "department"))
    for tenant, role, kind in kinds:
        async with world.acting(tenant, role, kind) as tx:
            counted = {row.first: row.n for row in await totals_then(tx, "status", day, None)}
            assert counted == {"not_converted": 4}
            known = {row.first: row.n for row in await totals_then(tx, "status", day, before)}
            assert known == {"not_converted": 10}
            assert not await totals_then(tx, "status", day, before - timedelta(days=1))
            units = [(row.name, row.status, row.n) for row in await institutions_then(tx, day, None)]
            assert units == [("滇池示例大学", "not_converted", 2), ("示例研究院", "not_converted", 2)]
            pairs = {(row.first, row.second): row.n for row in await totals_then(tx, "type_status", day, None)}
            assert pairs == {("patent_right", "not_converted"): 2, ("software_copyright", "not_converted"): 2}
    async with world.working(world.institute) as tx:
        assert await follow_department(tx, world.other_department) > 0
    await _rolled_up(world)
    await _rolled_up(world)
    for tenant, n in ((world.department, 2), (world.other_department, 2)):
        async with world.acting(tenant, "department_officer", "department") as tx:
            assert {row.first: row.n for row in await totals_then(tx, "status", day, None)} == {"not_converted": n}


@pytest.fixture
def earlier(server: EmbeddedPostgres) -> Iterator[str]:
    server.drop_database(NAME)
    server.create_database(NAME)
    migrate(server.dsn("postgres", NAME), "0027")
    yield server.dsn("postgres", NAME)
    server.drop_database(NAME)


def test_days_before_the_upgrade_are_counted_from_the_versions(earlier: str) -> None:
    tenant, row, other, hidden = (new_id() for _ in range(4))
    with psycopg.connect(earlier) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "insert into app.organisation (id, province_id, kind, unit_kind, name, short_name, number_prefix, department_id) "
            "values (%s, %s, 'institution', 'university', '甲', '甲', 'CS', %s)",
            [tenant, tenant, tenant],
        )
        names = "number, code, state, name, name_key, sort_key, type, status, value"
        values = "%s, '1', %s, '名', %s, 'x', 'patent_right', %s, %s"
        for place, (one, state) in enumerate(((row, "registered"), (other, "revoked"), (hidden, "quarantined")), 1):
            connection.execute(
                "insert into app.achievement (tenant_id, id, province_id, source, held_from, began_on, recorded_at, created_at, "
                f"{names}) values (%s, %s, %s, 'entered', '2026-01-01', '2026-01-01', now(), now(), {values})",
                [tenant, one, tenant, place, state, str(place), "converted", None],
            )
        versions = (
            (row, "[2026-01-01,)", "[2026-02-01 00:00+8, 2026-02-03 12:00+8)", "registered", "not_converted", None),
            (row, "[2026-01-01,2026-01-10)", "[2026-02-03 12:00+8,)", "registered", "not_converted", None),
            (row, "[2026-01-10,)", "[2026-02-03 12:00+8,)", "registered", "converted", 5),
            (other, "[2026-01-05,)", "[2026-02-01 00:00+8, 2026-02-04 00:00+8)", "registered", "not_converted", None),
            (other, "[2026-01-05,)", "[2026-02-04 00:00+8,)", "revoked", "not_converted", None),
            (other, "[2026-01-05,)", "empty", "registered", "converted", None),
            (hidden, "[2026-01-01,)", "[2026-02-01 00:00+8,)", "registered", "not_converted", None),
        )  # fmt: skip
        for one, held, recorded, state, status, value in versions:
            connection.execute(
                "insert into app.achievement_version (tenant_id, id, version, held, recorded, team, rights, revision, source, "
                f"{names}) "
                f"values (%s, %s, gen_random_uuid(), %s, %s, '[]', '[]', 1, 'entered', {values})",
                [tenant, one, held, recorded, 1, state, "1", status, value],
            )
    migrate(earlier)
    with psycopg.connect(earlier) as connection:

        def counted(table: str, day: str, known: str) -> dict[str, tuple[int, int]]:
            rows = connection.execute(
                f"select first, sum(n), sum(n_valued) from app.{table} where dimension = 'status' and day <= %s "
                "and known_on <= %s group by 1 having sum(n) <> 0",
                [day, known],
            ).fetchall()
            return {first: (int(n), int(valued)) for first, n, valued in rows}

        for table in ("ledger_total_change", "department_total_change"):
            assert counted(table, "2026-01-20", "2026-02-02") == {"not_converted": (2, 0)}
            assert counted(table, "2026-01-20", "2026-02-03") == {"not_converted": (1, 0), "converted": (1, 1)}
            assert counted(table, "2026-01-20", "2026-02-04") == {"converted": (1, 1)}
            assert counted(table, "2026-01-09", "2026-02-04") == {"not_converted": (1, 0)}
            assert counted(table, "2025-12-31", "2026-02-04") == {}
