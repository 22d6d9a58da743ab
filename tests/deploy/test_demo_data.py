"""The demo's data: made once, believable, and the same on every machine."""

import time
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.data import seed
from deploy.demo.ledgers import SIZES, entries
from deploy.demo.organisations import BY_KEY, INSTITUTIONS, ORGANISATIONS, TRAINING
from deploy.demo.provinces import PROVINCES
from deploy.demo.training import reset_all
from deploy.embedded.postgres import EmbeddedPostgres
from services.ledger.entry import name_key
from services.ledger.rules import complete
from shared.db.engine import make_engine
from shared.policy.loader import load_pack
from shared.settings import Settings, SettingsError
from tests.conftest import Database

DATABASE = "demo_data"


@pytest.fixture(scope="module")
def demo_settings(server: EmbeddedPostgres, template: str, configuration: Settings) -> Settings:
    server.create_database(DATABASE, template=template)
    database = Database(server, DATABASE)
    return configuration.model_copy(
        update={
            "mode": "demo",
            "database_web_url": SecretStr(database.url("web")),
            "database_maintenance_url": SecretStr(database.url("maintenance")),
        }
    )


@pytest.fixture(scope="module")
async def seeded(demo_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The seeded database, read with the maintenance login."""
    await seed(demo_settings)
    assert demo_settings.database_maintenance_url is not None
    engine = make_engine(demo_settings.database_maintenance_url.get_secret_value(), pool_size=2)
    yield engine
    await engine.dispose()


async def counts(engine: AsyncEngine, statement: str) -> dict[object, int]:
    async with engine.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(statement))}


async def test_institutions_of_all_four_kinds_in_both_provinces_have_five_thousand_achievements(
    seeded: AsyncEngine,
) -> None:
    found = await counts(
        seeded,
        "select o.name, count(a.id) from app.organisation o left join app.achievement a on a.tenant_id = o.id "
        "where o.kind = 'institution' group by o.name",
    )
    assert found == {BY_KEY[key].name: size for key, size in SIZES.items()}
    assert sum(found.values()) >= 5_000
    assert len(INSTITUTIONS) >= 12
    for province in PROVINCES:
        kinds = {one.unit_kind for one in INSTITUTIONS if one.region == province.region}
        assert kinds == {"university", "institute", "hospital", "enterprise"}


async def test_each_province_has_its_authorities_with_their_people(seeded: AsyncEngine) -> None:
    statement = (
        "select p.slug || ' ' || o.kind, count(*) from app.organisation o join app.province p using (province_id) "
    )
    found = await counts(seeded, statement + "where o.kind <> 'institution' group by 1")
    for province in PROVINCES:
        assert found[f"{province.slug} department"] >= 2
        assert [found[f"{province.slug} {kind}"] for kind in ("science", "finance", "operator")] == [1, 1, 1]
    people = await counts(seeded, "select tenant_id, count(*) from app.account group by tenant_id")
    assert set(people) == {one.tenant_id for one in ORGANISATIONS}


async def test_a_hospital_answers_to_the_health_department_and_an_enterprise_to_that_of_state_assets(
    seeded: AsyncEngine,
) -> None:
    found = await counts(
        seeded,
        "select o.unit_kind || ' ' || d.name, count(*) from app.organisation o join app.organisation d "
        "on d.id = o.department_id where o.unit_kind in ('hospital', 'enterprise') group by 1",
    )
    assert {str(name).split("（")[0][-7:] for name in found} == {"卫生健康委员会", "监督管理委员会"}
    assert sum(found.values()) == 4


async def test_reports_of_the_last_year_stand_in_every_state(seeded: AsyncEngine) -> None:
    """The pack of each province says which reports there are: one in Yunnan, two in Jilin (rules 29 and 31)."""
    states = await counts(
        seeded,
        "select p.slug || ' ' || r.report || ' ' || r.state, count(*) from app.annual_report r "
        "join app.province p using (province_id) where r.year = 2025 group by 1",
    )
    assert states == {
        "yunnan annual_report draft": 1,
        "yunnan annual_report submitted": 1,
        "yunnan annual_report returned": 1,
        "yunnan annual_report accepted": 1,
        "yunnan annual_report forwarded": 1,
        "jilin conversion_report accepted": 3,
        "jilin conversion_report submitted": 3,
        "jilin work_report accepted": 2,
        "jilin work_report returned": 1,
        "jilin work_report submitted": 1,
    }
    reasons = await counts(seeded, "select field, count(*) from app.report_return group by field")
    assert reasons == {"part:rewards": 1, "part:work": 1}
    recipients = await counts(
        seeded,
        "select s.report || ' ' || s.recipient_kind, count(distinct s.report_id) from app.report_submission s "
        "join app.province p using (province_id) where p.slug = 'jilin' and s.year = 2025 group by 1",
    )
    assert recipients == {
        "conversion_report department": 6, "conversion_report science": 6, "conversion_report finance": 6,
        "work_report department": 4, "work_report science": 4,
    }  # fmt: skip
    deadlines = await counts(seeded, "select stage || ' ' || due_on, count(*) from app.report_deadline group by 1")
    assert deadlines == {"unit 2026-03-31": 1, "competent 2026-04-30": 1}


async def test_the_years_add_up_and_have_contracts_with_amounts(seeded: AsyncEngine) -> None:
    figures = "from app.report_figure f join app.annual_report r on r.tenant_id = f.tenant_id and r.id = f.report_id "
    uneven = await counts(
        seeded,
        f"select 'uneven', count(*) {figures} where f.dimension <> 'deal' "
        "and f.opening + f.first_entry + f.added - f.removed <> f.closing",
    )
    assert uneven == {"uneven": 0}
    for name in ("opening", "first_entry", "added", "removed", "closing"):
        rows = await counts(seeded, f"select r.year, sum(f.{name}) {figures} where f.dimension = 'status' group by 1")
        assert rows[2025], name
    amounts = await counts(
        seeded,
        f"select r.year, count(distinct f.value) {figures} where f.dimension = 'deal' and f.amount > 0 group by 1",
    )
    assert {2023, 2024, 2025} <= set(amounts)


async def test_a_consultation_runs_with_opinions_that_wait_and_one_that_is_answered(seeded: AsyncEngine) -> None:
    found = await counts(
        seeded,
        "select case when o.answer is null then 'waiting' else 'answered' end, count(*) from app.list_opinion o "
        "join app.list_consultation c on c.id = o.consultation_id where c.closed_at is null group by 1",
    )
    assert found == {"waiting": 5, "answered": 1}


async def test_a_draft_is_enforced_here_and_only_advises_elsewhere(seeded: AsyncEngine) -> None:
    modes = await counts(seeded, "select slug || ' ' || mode, 1 from app.province")
    assert set(modes) == {"yunnan enforced", "jilin enforced"}
    assert load_pack("cn-22").mode == "advisory"


async def test_the_to_do_list_is_alive(seeded: AsyncEngine) -> None:
    states = await counts(seeded, "select state, count(*) from app.empowerment_application group by state")
    assert {"draft", "submitted", "feasibility", "approved", "noticed", "agreed", "formalised", "returned"} <= set(
        states
    )
    of_jilin = await counts(
        seeded,
        "select a.state, count(*) from app.empowerment_application a join app.province p using (province_id) "
        "where p.slug = 'jilin' group by a.state",
    )
    assert {"draft", "submitted", "noticed", "agreed", "formalised", "returned"} <= set(of_jilin)
    own = await counts(
        seeded, "select list_title, count(*) from app.empowerment_screening where list_number is null group by 1"
    )
    assert list(own.values()) == [6]
    running = await counts(seeded, "select state, count(*) from app.notice group by state")
    assert running.get("running", 0) >= 7
    prices = await counts(seeded, "select state, count(*) from app.notice where kind = 'pricing' group by state")
    assert prices == {"running": 4}, "who is over the last day is closed by the worker's daily task"
    assert await counts(seeded, "select state, count(*) from app.notice_objection group by state") == {"open": 1}


async def test_lists_pilots_pack_and_clock_stand(seeded: AsyncEngine) -> None:
    assert await counts(
        seeded, "select number, count(*) from app.list_version where published_at is not null group by 1"
    ) == {
        1: 1,
        2: 1,
    }
    pilots = await counts(
        seeded,
        "select m.guideline, count(*) from app.pilot_membership m join app.organisation o on o.id = m.tenant_id "
        "where o.kind = 'institution' group by 1",
    )
    assert pilots == {"ledger": 6, "empowerment": 4}
    async with seeded.connect() as connection:
        clock = await connection.scalar(text("select at at time zone 'Asia/Shanghai' from app.legal_clock"))
    assert str(clock) == "2026-03-16 09:00:00"


async def test_some_rows_have_a_history(seeded: AsyncEngine) -> None:
    async with seeded.connect() as connection:
        corrected = await connection.scalar(text("select count(*) from app.achievement where revision > 1"))
    assert corrected >= 40


async def test_seeding_again_changes_nothing_and_is_quick(seeded: AsyncEngine, demo_settings: Settings) -> None:
    tables = ("achievement_version", "empowerment_application", "notice", "list_version", "pilot_membership", "person",
              "audit_entry", "workflow_event", "pack_activation", "annual_report", "report_submission", "list_opinion",
              "organisation", "supervision")  # fmt: skip
    statement = " union all ".join(f"select '{table}', count(*) from app.{table}" for table in tables)
    before = await counts(seeded, statement)
    started = time.monotonic()
    await seed(demo_settings)
    assert time.monotonic() - started < 5
    assert await counts(seeded, statement) == before


def test_ledgers_are_the_same_in_every_run_and_obey_the_pack() -> None:
    packs = {province.region: load_pack(province.region, mode="enforced") for province in PROVINCES}
    for one in INSTITUTIONS:
        made = entries(one, [])
        assert made == entries(one, [])
        assert len({name_key(entry.name) for entry in made}) == len(made)
        pack = packs[one.region]
        for entry in made:
            assert entry.obtained_on is not None
            assert complete(entry, pack, entry.obtained_on).refusal is None
        assert {entry.status for entry in made} == set(pack.enumeration("status"))
        assert any(entry.value is None for entry in made)


async def test_never_outside_a_demo(demo_settings: Settings) -> None:
    with pytest.raises(SettingsError):
        await seed(demo_settings.model_copy(update={"mode": "production"}))


@pytest.mark.requirement("R196")
async def test_the_training_unit_is_made_anew_from_the_seed(seeded: AsyncEngine, demo_settings: Settings) -> None:
    asked = f"select a.id::text || a.name || a.number, a.revision from app.achievement a where a.tenant_id = '{TRAINING.tenant_id}'"
    before = await counts(seeded, asked)
    assert len(before) == 60
    async with seeded.begin() as connection:
        await connection.execute(
            text("update app.achievement set name = '练过的' where tenant_id = :t and number <= 9"),
            {"t": TRAINING.tenant_id},
        )
        others = await connection.scalar(
            text("select count(*) from app.achievement where tenant_id <> :t"), {"t": TRAINING.tenant_id}
        )
    assert await reset_all(demo_settings) == 1
    assert await counts(seeded, asked) == before
    async with seeded.connect() as connection:
        left = await connection.scalar(
            text("select count(*) from app.achievement where tenant_id <> :t"), {"t": TRAINING.tenant_id}
        )
    assert left == others
