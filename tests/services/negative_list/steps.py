"""The steps of a version's life, as the tests walk them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from services.negative_list.drafting.workflow import add_item, draft_version
from services.negative_list.queries import consultation_of
from services.negative_list.workflow import (
    Proceeding,
    close_consultation,
    determine,
    open_consultation,
    publish,
    record_expert_review,
)
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from shared.errors import Refusal
from tests.world import START, World

RULE = "provincial_empowerment"
OPENED = START - timedelta(days=60)


@asynccontextmanager
async def officer(world: World, *, at: datetime = START) -> AsyncIterator[Transaction]:
    async with world.acting(world.science, "science_officer", "science", at=at) as tx:
        yield tx


@asynccontextmanager
async def head(world: World, *, at: datetime = START) -> AsyncIterator[Transaction]:
    async with world.acting(world.science, "science_head", "science", at=at) as tx:
        yield tx


def record_on(day: date) -> Proceeding:
    return Proceeding(day, "专家 7 人", "同意", "纪要", {"敏感性": "已评估"})


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI)


async def drafted(world: World, titles: tuple[str, ...] = ("甲",), *, at: datetime = OPENED) -> UUID:
    """A draft with these items under the first ground."""
    async with officer(world, at=at) as tx:
        version_id = await draft_version(tx, RULE, "测试负面清单", "CS-FQ")
        assert isinstance(version_id, UUID)
        for title in titles:
            assert isinstance(await add_item(tx, version_id, "major_interest", title, f"{title}的说明"), str)
    return version_id


async def consulted(world: World, version_id: UUID, *, opened: datetime = OPENED, days: int = 30) -> None:
    async with officer(world, at=opened) as tx:
        assert await open_consultation(tx, version_id, days) is None
    async with officer(world, at=opened + timedelta(days=days + 1)) as tx:
        assert await close_consultation(tx, version_id) is None


async def determined(world: World, version_id: UUID) -> None:
    """Reviewed and determined on the second day after the round."""
    async with head(world) as tx:
        round_ = await consultation_of(tx, version_id)
        assert round_ is not None
        day = round_.last_day + timedelta(days=2)
    async with officer(world, at=instant(day)) as tx:
        assert await record_expert_review(tx, version_id, record_on(day)) is None
    async with head(world, at=instant(day)) as tx:
        assert await determine(tx, version_id, record_on(day)) is None


async def published(
    world: World,
    titles: tuple[str, ...] = ("甲",),
    *,
    effective_on: date | None = None,
    at: datetime = START,
    opened: datetime = OPENED,
) -> UUID:
    """A version published at an instant, with every step of article 5 done before."""
    version_id = await drafted(world, titles, at=opened)
    await consulted(world, version_id, opened=opened)
    await determined(world, version_id)
    async with head(world, at=at) as tx:
        assert await publish(tx, version_id, effective_on or tx.today) is None
    return version_id


def refusal(result: object) -> Refusal:
    assert isinstance(result, Refusal)
    return result


@asynccontextmanager
async def clock_at(world: World, instant_: datetime) -> AsyncIterator[None]:
    """The legal clock of the whole database at an instant; as it was afterwards."""
    async with world.maintenance.begin() as connection:
        before = await connection.scalar(text("select at from app.legal_clock"))
        await connection.execute(text("delete from app.legal_clock"))
        await connection.execute(text("insert into app.legal_clock (at) values (:at)"), {"at": instant_})
    yield
    async with world.maintenance.begin() as connection:
        await connection.execute(text("delete from app.legal_clock"))
        if before is not None:
            await connection.execute(text("insert into app.legal_clock (at) values (:at)"), {"at": before})


async def current_round(world: World) -> UUID:
    async with officer(world) as tx:
        found = await tx.scalar(text("select id from app.list_consultation order by published_at desc limit 1"))
        assert isinstance(found, UUID)
        return found
