"""News for an institution's own systems: through a real HTTP conversation, signed, once, tried again, given up, sent again."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.home.delivering import workflow as delivering
from services.home.pushing import queries, rules, workflow
from services.home.pushing.models import EVENTS, push_attempt, push_delivery
from shared.audit.tables import audit_entry
from shared.clock import real_now
from shared.errors import NotFound, Refusal
from shared.keys.keyring import Keyring
from shared.push.sending import Pusher
from shared.settings import Settings
from shared.workflow import send
from tests.web import Site
from tests.world import World

HOME = "/institution/deliveries"
NEWS = {"achievement_id": "1", "code": "CS-0001"}


class FinanceSystem:
    """A server that takes one POST a connection; it answers with ``statuses`` in turn, then 204."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self.received.append((headers, await reader.readexactly(int(headers["content-length"]))))
        status = self.statuses.pop(0) if self.statuses else 204
        away = "location: http://127.0.0.1:1/\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\n{away}connection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def system() -> AsyncIterator[FinanceSystem]:
    running = FinanceSystem()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    yield running
    server.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 1)


@pytest.fixture
def keyring(configuration: Settings) -> Keyring:
    return Keyring(configuration.key_directory)


PUSHER = Pusher({"127.0.0.1"})


async def target(world: World, keyring: Keyring, url: str, events: list[str] | None = None) -> UUID:
    async with world.acting(world.university, "system_admin") as tx:
        return await workflow.add_target(tx, keyring, "资产系统", url, events or list(EVENTS))


async def told(world: World, event: str = "asset_mark.marked") -> None:
    async with world.acting(world.university) as tx:
        await send(tx, "push", {"event": event, "data": NEWS})
    for _ in range(2):
        async with world.working(world.university) as tx:
            await delivering.deliver(tx, None)


async def pushed(world: World, keyring: Keyring, pusher: Pusher = PUSHER) -> int:
    count = 0
    while count < 20:
        async with world.working(world.university) as tx:
            if not await workflow.push_one(tx, pusher, keyring):
                break
            count += 1
    return count


async def hasten(world: World, maintenance: AsyncEngine) -> None:
    """The wait is over."""
    table = push_delivery
    async with maintenance.begin() as connection:
        await connection.execute(
            update(table).where(table.c.tenant_id == world.university).values(next_at=real_now() - timedelta(seconds=1))
        )


@pytest.mark.requirement("R201")
async def test_news_goes_signed_to_whoever_wants_it_once(world: World, system: FinanceSystem, keyring: Keyring) -> None:
    wanting = await target(world, keyring, system.url, ["asset_mark.marked"])
    await target(world, keyring, system.url, ["payment.recorded"])
    await told(world)
    assert await pushed(world, keyring) == 1
    assert await pushed(world, keyring) == 0
    ((headers, body),) = system.received
    content = json.loads(body)
    assert (content["event"], content["data"], content["institution"]["id"]) == (
        "asset_mark.marked", NEWS, str(world.university),
    )  # fmt: skip
    async with world.acting(world.university, "system_admin") as tx:
        secret = await workflow.show_secret(tx, keyring, wanting)
        (row,) = await queries.deliveries(tx)
        assert (row.state, row.tried, row.status) == ("delivered", 1, 204)
    signed = hmac.new(secret.encode(), f"{headers['x-chengguo-timestamp']}.".encode() + body, sha256).hexdigest()
    assert headers["x-chengguo-signature"] == f"sha256={signed}"
    assert headers["x-chengguo-id"] == content["id"]
    assert headers["host"] == f"127.0.0.1:{system.port}"
    assert abs(int(headers["x-chengguo-timestamp"]) - real_now().timestamp()) < 60


@pytest.mark.requirement("R201")
async def test_what_fails_is_tried_ever_later_given_up_said_and_sent_again(
    world: World, system: FinanceSystem, keyring: Keyring, maintenance: AsyncEngine
) -> None:
    await target(world, keyring, system.url)
    system.statuses = [500, 302, 404, *[503] * 5]
    await told(world)
    waits = []
    for _ in range(rules.ATTEMPTS_AT_MOST):
        assert await pushed(world, keyring) == 1
        async with world.acting(world.university) as tx:
            (row,) = await queries.deliveries(tx)
        waits.append((row.next_at - real_now()).total_seconds())
        assert await pushed(world, keyring) == 0, "it waits"
        await hasten(world, maintenance)
    assert 50 < waits[0] < 61
    assert 110 < waits[1] < 121
    assert row.state == "dead"
    assert len(system.received) == rules.ATTEMPTS_AT_MOST, "a redirect is not followed"
    assert len({headers["x-chengguo-id"] for headers, _ in system.received}) == 1
    async with world.acting(world.university, "system_admin") as tx:
        attempts = await tx.rows(
            select(push_attempt.c.status)
            .where(push_attempt.c.tenant_id == tx.tenant_id)
            .order_by(push_attempt.c.number)
        )
        assert [one.status for one in attempts] == [500, 302, 404, 503, 503, 503, 503, 503]
        assert await queries.count_dead(tx) == 1
        assert await workflow.send_again(tx, row.id) is None
        assert isinstance(await workflow.send_again(tx, row.id), Refusal), "it waits already"
    assert await pushed(world, keyring) == 1
    async with world.acting(world.university) as tx:
        (row,) = await queries.deliveries(tx)
        assert (row.state, row.tried) == ("delivered", 9)
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.send_again(tx, row.id)
        with pytest.raises(NotFound):
            await workflow.change_target(tx, row.id, "pause")


async def test_nothing_goes_inside_and_what_waits_for_a_paused_address_waits(
    world: World, system: FinanceSystem, keyring: Keyring, maintenance: AsyncEngine
) -> None:
    target_id = await target(world, keyring, system.url)
    await told(world)
    async with world.acting(world.university, "system_admin") as tx:
        assert await workflow.change_target(tx, target_id, "pause") is None
    assert await pushed(world, keyring) == 0
    async with world.acting(world.university, "system_admin") as tx:
        assert await workflow.change_target(tx, target_id, "resume") is None
    assert await pushed(world, keyring, Pusher()) == 1
    async with world.acting(world.university) as tx:
        (row,) = await queries.deliveries(tx)
        assert (row.state, row.status) == ("waiting", None)
        assert "https" in row.fault
    assert system.received == []
    await hasten(world, maintenance)
    silent = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        other = await target(world, keyring, f"http://127.0.0.1:{port}/")
        async with world.acting(world.university, "system_admin") as tx:
            await workflow.test_target(tx, other)
        assert await pushed(world, keyring) == 2
    async with world.acting(world.university) as tx:
        states = {one.state: one.fault for one in await queries.deliveries(tx)}
        assert states["delivered"] is None
        assert "连接失败" in states["waiting"]


async def test_the_pages_of_the_system_administrator(site: Site, world: World, keyring: Keyring) -> None:
    admin = await site.signed_in(world, world.university, "system_admin")
    assert "还没有登记接收系统" in (await admin.get(HOME)).text
    wrong = await admin.post(f"{HOME}/targets", {}, page=HOME)
    for field in ("name", "url", "events"):
        assert f'href="#f-{field}"' in wrong.text, field
    form: dict[str, Any] = {"name": "资产系统", "url": "https://10.0.0.8/hook", "events": ["asset_mark.marked"]}
    inside = await admin.post(f"{HOME}/targets", form, page=HOME)
    assert inside.status_code == 422
    assert "内网地址" in inside.text
    made = await admin.post(f"{HOME}/targets", form | {"url": "https://assets.example.edu.cn/hook"}, page=HOME)
    assert made.status_code == 303, made.text
    address = made.headers["location"].partition("?")[0]
    shown = await admin.get(address)
    assert shown.headers["cache-control"] == "no-store"
    async with world.acting(world.university, "system_admin") as tx:
        (one,) = await queries.targets(tx)
        assert await workflow.show_secret(tx, keyring, one.id) in shown.text
        assert b"hook" not in one.secret
        logged = await tx.rows(select(audit_entry.c.action).where(audit_entry.c.tenant_id == tx.tenant_id))
        assert "push_target.show_secret" in {one.action for one in logged}
    for name in ("test", "pause", "resume"):
        assert (await admin.post(f"{HOME}/targets/{one.id}/{name}", page=HOME)).status_code == 303, name
    log = (await admin.get(HOME)).text
    assert "测试" in log
    assert "等待推送" in log
    async with world.acting(world.university, "system_admin") as tx:
        (row,) = await queries.deliveries(tx)
    refused = await admin.post(f"{HOME}/{row.id}/again", page=HOME)
    assert refused.status_code == 409
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(push_delivery).where(push_delivery.c.tenant_id == world.university).values(state="dead")
        )
    first = await admin.get("/institution/")
    assert first.headers["location"] == "/institution/settings/permissions", "no business, so no workbench"
    assert f'hx-get="{HOME}/dead"' in (await admin.get(first.headers["location"])).text
    told = (await admin.get(f"{HOME}/dead")).text
    assert "有 1 项推送多次没有送达" in told
    assert f'href="{HOME}?state=dead"' in told
    assert (await admin.post(f"{HOME}/{row.id}/again", page=f"{HOME}?state=dead")).status_code == 303
    assert (await admin.get(f"{HOME}/dead")).text.strip() == ""
    assert (await admin.post(f"{HOME}/targets/{one.id}/forget", page=HOME)).status_code == 404
    assert (await admin.post(f"{HOME}/targets/{one.id}/remove", page=HOME)).status_code == 303
    assert (await admin.get(address)).status_code == 404
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get(HOME)).status_code == 403
    assert (await site.anonymous().get(HOME)).headers["location"].startswith("/sign-in")
    stranger = await site.signed_in(world, world.institute, "system_admin")
    assert (await stranger.get(address)).status_code == 404
