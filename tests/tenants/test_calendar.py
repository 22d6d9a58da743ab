"""The calendar table: what an operator enters counts at once, for the province or one area, and weekends are never guessed."""

from collections.abc import Awaitable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from shared.audit.tables import audit_entry
from shared.calendar.calendar import Calendar, CalendarUnknownError
from shared.calendar.periods import Unit, period
from shared.errors import FormInvalid, NotFound
from tenants.calendar import NewDays, arrange_year, enter_days, remove_day, reopen_year
from tenants.packs import governing
from tenants.registry import organisation
from tests.world import World

SOURCE = "国务院办公厅关于2027年部分节假日安排的通知"
# An arrangement of 2027 invented for these tests.
YEAR = (
    ("元旦", "2027-01-01", "2027-01-03"),
    ("春节", "2027-02-05", "2027-02-11"),
    ("清明节", "2027-04-03", "2027-04-05"),
    ("劳动节", "2027-05-01", "2027-05-05"),
    ("端午节", "2027-06-09", "2027-06-09"),
    ("中秋节", "2027-09-15", "2027-09-15"),
    ("国庆节", "2027-10-01", "2027-10-07"),
)


def stretch(name: str, first: str, last: str = "", kind: Any = "off", area: str = "") -> NewDays:
    return NewDays(date.fromisoformat(first), date.fromisoformat(last or first), kind, name, SOURCE, area)


def operating(world: World) -> Any:
    return world.acting(world.operator, "operator", "operator")


async def enter(world: World, *new: NewDays) -> None:
    async with operating(world) as tx:
        for one in new:
            await enter_days(tx, one)


async def calendar(world: World, tenant: Any = None) -> Calendar:
    async with world.acting(tenant or world.university) as tx:
        return (await governing(tx)).pack.calendar


async def errors(verb: Awaitable[None]) -> dict[str, str]:
    with pytest.raises(FormInvalid) as wrong:
        await verb
    return wrong.value.errors


async def test_an_entry_counts_at_once_and_the_official_days_stay(world: World) -> None:
    assert (await calendar(world)).is_working(date(2026, 8, 6))
    await enter(world, stretch("火把节", "2026-08-06"))
    counted = await calendar(world)
    assert counted.is_rest(date(2026, 8, 6))
    assert counted.is_rest(date(2026, 10, 1))
    assert counted.is_working(date(2026, 10, 10))
    async with operating(world) as tx:
        await remove_day(tx, date(2026, 8, 6))
    assert (await calendar(world)).is_working(date(2026, 8, 6))


async def test_a_local_holiday_holds_for_the_units_of_its_area_alone(world: World) -> None:
    async with world.maintenance.begin() as connection:
        await connection.execute(update(organisation).where(organisation.c.id == world.institute).values(area="示例州"))
    await enter(world, stretch("火把节", "2026-08-06", "2026-08-07", area="示例州"))
    assert (await calendar(world, world.institute)).is_rest(date(2026, 8, 6))
    assert (await calendar(world, world.university)).is_working(date(2026, 8, 6))
    async with operating(world) as tx:
        assert "area" in await errors(enter_days(tx, stretch("火把节", "2026-08-06", area="别州")))


async def test_a_year_is_unknown_until_it_is_arranged_as_a_whole(world: World) -> None:
    """Rule 20: a deadline that waits for the year is counted anew once the year stands, and never from weekends alone."""
    posted = date(2026, 12, 25)
    await enter(world, *(stretch(*one) for one in YEAR[:-1]))
    with pytest.raises(CalendarUnknownError):
        (await calendar(world)).is_working(date(2027, 1, 4))
    assert period(posted, 15, Unit.DAY, await calendar(world)).status == "calendar_unknown"
    async with operating(world) as tx:
        assert "国庆节" in (await errors(arrange_year(tx, 2027, SOURCE)))["year"]
    await enter(world, stretch(*YEAR[-1]), stretch("春节调休", "2027-02-13", kind="working"))
    async with operating(world) as tx:
        await arrange_year(tx, 2027, SOURCE)
    counted = await calendar(world)
    assert counted.is_working(date(2027, 1, 4))
    assert counted.is_working(date(2027, 2, 13))
    assert period(posted, 15, Unit.DAY, counted).end == date(2027, 1, 11)
    async with operating(world) as tx:
        assert "清明节" not in str(await errors(remove_day(tx, date(2027, 6, 9))))
        await reopen_year(tx, 2027)
    with pytest.raises(CalendarUnknownError):
        (await calendar(world)).is_working(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (stretch("元旦", "2019-01-01"), "first_day"),
        (stretch("元旦", "2040-01-01"), "first_day"),
        (stretch("长假", "2026-08-01", "2026-12-01"), "last_day"),
        (stretch("倒置", "2026-08-02", "2026-08-01"), "last_day"),
        (stretch("平日", "2026-08-03", kind="working"), "first_day"),
    ],
)
async def test_what_cannot_be_entered_is_said_at_its_field(world: World, new: NewDays, field: str) -> None:
    async with operating(world) as tx:
        assert field in await errors(enter_days(tx, new))


async def test_an_official_year_is_not_marked_and_what_is_not_there_is_not_removed(world: World) -> None:
    async with operating(world) as tx:
        assert "随平台提供" in (await errors(arrange_year(tx, 2026, SOURCE)))["year"]
        assert "之间" in (await errors(arrange_year(tx, 2031, SOURCE)))["year"]
        with pytest.raises(NotFound):
            await remove_day(tx, date(2026, 8, 6))
        with pytest.raises(NotFound):
            await reopen_year(tx, 2027)


async def test_a_change_is_on_the_log_with_before_and_after(world: World) -> None:
    await enter(world, stretch("火把节", "2026-08-06"), stretch("民族节", "2026-08-06"))
    async with world.maintenance.connect() as connection:
        rows = await connection.scalars(
            select(audit_entry.c.details)
            .where(audit_entry.c.tenant_id == world.operator, audit_entry.c.action == "calendar.enter")
            .order_by(audit_entry.c.position)
        )
        first, second = (row["changes"]["2026-08-06"] for row in rows)
    assert first == [None, f"放假（火把节；{SOURCE}）"]
    assert second == [first[1], f"放假（民族节；{SOURCE}）"]
