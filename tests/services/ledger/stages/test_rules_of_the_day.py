"""A past day is told by the rules that governed on it: the page of the stage and the hints for finance."""

from datetime import date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from services.ledger.entry import Right
from tenants.pack_days import governing_on
from tenants.packs import pack_activation, store_pack
from tests.services.ledger.test_pages import HOME
from tests.services.ledger.test_workflow import registered
from tests.services.notices.arranging import at
from tests.tenants.second_version import changed
from tests.web import Site
from tests.world import REGION, START, World

CHANGED = {
    f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.1"'),
    f"{REGION}/ledger/reports.toml": ('result = "expense"', 'result = "profit_or_loss"'),
    f"{REGION}/ledger/ledger.toml": ('label = "完成该无形资产在技术上具有可行性"', 'label = "另一种写法的条件"'),
}
FIRST, SECOND = date(2025, 11, 9), date(2026, 3, 12)


async def active(world: World, version: UUID, day: date, *, revoked_at: datetime | None = None) -> None:
    async with world.maintenance.begin() as connection:
        values = {
            "id": uuid4(), "province_id": world.province_id, "pack_version_id": version, "effective_on": day,
            "proposed_by": uuid4(), "proposed_at": START, "confirmed_by": uuid4(), "confirmed_at": START,
            "withdrawn_at": revoked_at,
        }  # fmt: skip
        await connection.execute(insert(pack_activation).values(values))


async def second_version(world: World) -> UUID:
    async with world.acting(world.operator, "operator", "operator") as tx:
        version = await store_pack(tx, REGION, changed(CHANGED))
        await tx.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": world.province_id, "day": SECOND, "version": version},
        )
    await active(world, world.pack_version_id, FIRST)
    await active(world, version, SECOND)
    return version


@pytest.mark.requirement("R205")
async def test_a_past_day_is_told_by_the_rules_of_that_day(site: Site, world: World) -> None:
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        row_id = await registered(tx, rights=(Right("201810862228.X", "patent_right"),))
    await second_version(world)
    clerk = await site.signed_in(world, world.university)

    async def shown(tab: str, **query: str) -> str:
        answer = await clerk.get(f"{HOME}/{row_id}/{tab}", **query)
        assert answer.status_code == 200
        return answer.text.split("<main")[-1]

    for query, other in (({"as_of": "2026-03-11"}, True), ({"as_of": "2026-03-12"}, False), ({}, False)):
        stage, hints = await shown("stage", **query), await shown("accounting", **query)
        assert ("另一种写法的条件" in stage) is not other, query
        assert ("当期损益" in hints) is not other, query
        for page in (stage, hints):
            assert ("不是今天施行的版本" in page) is other, query
    assert "自 2025-11-09 起适用的版本 2025.1" in await shown("stage", as_of="2026-03-11")


async def test_a_version_that_was_revoked_governed_until_then(world: World) -> None:
    async with world.acting(world.operator, "operator", "operator") as tx:
        version = await store_pack(tx, REGION, changed(CHANGED))
    await active(world, world.pack_version_id, FIRST)
    await active(world, version, date(2026, 3, 2), revoked_at=at("2026-03-05"))
    async with world.acting(world.university) as tx:
        days = (date(2025, 1, 1), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 5))
        found = [(one.pack.version, one.since) for one in [await governing_on(tx, day) for day in days]]
    assert found == [
        ("2025.1", None), ("2025.1", FIRST), ("2026.1", date(2026, 3, 2)), ("2026.1", date(2026, 3, 2)), ("2025.1", FIRST),
    ]  # fmt: skip
