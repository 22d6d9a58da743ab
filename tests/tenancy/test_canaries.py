"""Each tenant's data carry a marker; after a day of three tenants, none has met another's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from shared.tasks import broker
from tests.services.home.test_mail import PostOffice, post
from tests.services.negative_list.steps import clock_at
from tests.tenancy.canaries import Day, objects_apart
from tests.tenancy.grounds import FAR, OTHER, OWN, OWNERS, Grounds
from tests.tenancy.grounds.asking import believing
from tests.world import START

__all__ = ["post"]
pytestmark = pytest.mark.requirement("R190")


@pytest.fixture(autouse=True)
async def _working(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(broker, "worker_engine", lambda: grounds.home.tasks)
    async with clock_at(grounds.home, START):
        yield


@pytest.mark.parametrize("owner", OWNERS)
async def test_nobody_meets_another_s_marker(
    grounds: Grounds, configuration: Settings, post: PostOffice, capfd: pytest.CaptureFixture[str], owner: str
) -> None:
    """In pages, answers of the API, heads, files, exports, errors, mails, the queue, the log, the store, the rows."""
    holder: dict[str, object] = {}
    visits = len(grounds.site.visits)
    capfd.readouterr()
    with believing(holder):
        day = await Day(grounds, owner, holder).ready()
        await day.look_around()
        await day.go_wrong({OWN: OTHER, OTHER: FAR, FAR: OWN}[owner])
        await day.export()
        await day.send_mail(post)
    del grounds.site.visits[visits:]
    printed = capfd.readouterr()
    day.met += [(f"{owner} log", one.encode()) for one in (printed.out, printed.err)]
    own = grounds.marks[owner].encode()
    assert sum(own in said for where, said in day.met) > 50, "a marker that nobody meets at home proves nothing"
    assert b"request.done" in printed.out.encode() + printed.err.encode(), "the log was looked at"
    assert day.strangers_met() == []
    assert await day.kept() == []
    assert await asyncio.to_thread(day.stored) == []


async def test_an_object_lies_under_its_tenant_and_nobody_else_gets_it(grounds: Grounds) -> None:
    assert await objects_apart(grounds) == []
