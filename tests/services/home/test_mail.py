"""Mail as it leaves the house: through a real SMTP conversation, once, in Chinese, and again after a failure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update

from services.home import queries
from services.home.tasks import announce, deliver_outbox
from services.negative_list import workflow as lists
from shared.db.records import outbox
from shared.db.transaction import Actor, Scope
from shared.ids import new_id
from shared.settings import Settings, settings
from shared.tasks.broker import Task, upkeep_scope
from shared.workflow import send
from tenants.people import account, person
from tests.services.negative_list.steps import drafted, officer
from tests.web import Site
from tests.world import World

TITLE = "公示期满：一种高原湖泊蓝藻原位絮凝装置"


class PostOffice:
    """A server that speaks enough SMTP (RFC 5321) for one mail after another; it refuses the first ``failures``."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.failures = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 post.example ESMTP")
        while line := (await reader.readline()).decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    say("250 post.example")
                case "DATA":
                    say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    say(self.take(raw.removesuffix(b".\r\n")))
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 ok")
        writer.close()

    def take(self, raw: bytes) -> str:
        if self.failures:
            self.failures -= 1
            return "451 try again later"
        self.received.append(message_from_bytes(raw, policy=policy.default))
        return "250 queued"


@pytest.fixture
async def post(configuration: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostOffice]:
    office = PostOffice()
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("CHENGGUO_SMTP_URL", f"smtp://127.0.0.1:{office.port}")
    monkeypatch.setenv("CHENGGUO_MAIL_FROM", "平台 <platform@portal.example>")
    settings.cache_clear()
    yield office
    settings.cache_clear()
    server.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 1)


async def address(world: World, tenant: UUID, role: str, *, signed_in_as: str = "") -> UUID:
    """Somebody with a mail address; ``signed_in_as`` is the role of the last sign-in."""
    person_id = await world.person(tenant, role)
    async with world.maintenance.begin() as connection:
        await connection.execute(update(person).where(person.c.id == person_id).values(email=f"{role}@unit.example"))
        if signed_in_as:
            await connection.execute(
                insert(account).values(
                    tenant_id=tenant, issuer="test", subject=str(new_id()), person_id=person_id, roles=[signed_in_as]
                )
            )
    return person_id


async def work(world: World, tenant: UUID, task: Task = deliver_outbox, **payload: str) -> None:
    """A task as the worker runs it for a tenant."""
    scope: Scope = await upkeep_scope(world.tasks, tenant)
    await task.run(world.tasks, scope, Actor(None, tenant), **payload)


async def test_a_message_goes_by_mail_once_with_its_chinese_subject(world: World, post: PostOffice) -> None:
    clerk = await address(world, world.university, "clerk")
    async with world.acting(world.university) as tx:
        await send(tx, "message", {"title": TITLE, "to_person": str(clerk), "href": "/institution/notices"})
    for _ in range(3):
        await work(world, world.university)
    (mail,) = post.received
    assert mail["Subject"] == TITLE
    assert mail["To"] == "clerk@unit.example"
    body = mail.get_body()
    assert body is not None
    assert "http://testserver.local/institution/notices" in body.get_content()
    async with world.acting(world.university) as tx:
        assert [(row.subject, row.sent_at is not None) for row in await queries.mailbox(tx)] == [(TITLE, True)]


async def test_a_mail_that_was_refused_is_sent_later_and_then_no_more(world: World, post: PostOffice) -> None:
    clerk = await address(world, world.university, "clerk")
    async with world.acting(world.university) as tx:
        mail = {"to_person": str(clerk), "subject": TITLE, "text": "请办理签订协议。"}
        outbox_id = await send(tx, "mail", mail)
    post.failures = 1
    await work(world, world.university)
    assert post.received == []
    async with world.maintenance.connect() as connection:
        waiting = await connection.scalar(
            text(
                "select count(*) from app.task_queue where message ->> 'actor_name' = 'deliver_outbox' "
                "and message -> 'kwargs' ->> 'tenant' = :tenant and available_at > now() + interval '30 seconds'"
            ),
            {"tenant": str(world.university)},
        )
        attempts = await connection.scalar(select(outbox.c.attempts).where(outbox.c.id == outbox_id))
    assert (waiting, attempts) == (1, 1)
    for _ in range(2):
        await work(world, world.university)
    assert [one["Message-ID"] for one in post.received] == [f"<{outbox_id}@chengguo>"]


async def test_one_mail_that_cannot_be_sent_keeps_no_other_back(world: World, post: PostOffice) -> None:
    first, second = (
        await address(world, world.university, "clerk"),
        await address(world, world.university, "leadership"),
    )
    async with world.maintenance.begin() as connection:
        await connection.execute(update(person).where(person.c.id == first).values(email="a@b\nBcc: c@d"))
    async with world.acting(world.university) as tx:
        for one in (first, second):
            await send(tx, "mail", {"to_person": str(one), "subject": TITLE, "text": "内容"})
    await work(world, world.university)
    assert [one["To"] for one in post.received] == ["leadership@unit.example"]


async def test_a_permission_reaches_those_who_signed_in_with_it(world: World, post: PostOffice) -> None:
    await address(world, world.university, "clerk", signed_in_as="clerk")
    await address(world, world.university, "completer", signed_in_as="completer")
    await address(world, world.university, "leadership")
    async with world.acting(world.university) as tx:
        await send(tx, "message", {"title": TITLE, "to_permission": "institution:objection:answer"})
    await work(world, world.university)
    assert [one["To"] for one in post.received] == ["clerk@unit.example"]


async def unit(world: World, kind: str) -> UUID:
    """A tenant of another kind than those of the small world."""
    tenant = new_id()
    values = {"id": tenant, "province": world.province_id, "kind": kind, "alias": tenant.hex}
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text(
                "insert into app.organisation (id, province_id, kind, unit_kind, name, short_name, department_id) "
                "values (:id, :province, :kind, 'university', '另一单位', '另一', :id)"
            ),
            values,
        )
        asked = text("select app.put_tenant(:id, :province, :kind, :id, :alias, '另一单位', true)")
        await connection.execute(asked, values)
    return tenant


async def test_a_permission_reaches_those_of_an_agency_too(world: World, post: PostOffice) -> None:
    agency = await unit(world, "agency")
    await address(world, agency, "agency", signed_in_as="agency")
    async with world.acting(agency, "agency", "agency") as tx:
        await send(tx, "message", {"title": TITLE, "to_permission": "console:agency:work"})
    await work(world, agency)
    assert [one["To"] for one in post.received] == ["agency@unit.example"]


@pytest.mark.requirement("R196")
async def test_what_is_tried_in_a_training_unit_stays_in_its_messages(world: World, post: PostOffice) -> None:
    tried = await unit(world, "training")
    clerk = await address(world, tried, "clerk", signed_in_as="clerk")
    async with world.acting(tried) as tx:
        await send(tx, "message", {"title": TITLE, "to_permission": "institution:objection:answer"})
        await send(tx, "mail", {"to_person": str(clerk), "subject": TITLE, "text": "请办理。"})
    for _ in range(2):
        await work(world, tried)
    assert post.received == []
    async with world.acting(tried) as tx:
        assert [row.title for row in await queries.messages(tx)] == [TITLE]


async def test_without_a_server_nothing_is_written_outside_a_demo(world: World, configuration: Settings) -> None:
    clerk = await address(world, world.university, "clerk")
    async with world.acting(world.university) as tx:
        await send(tx, "message", {"title": TITLE, "to_person": str(clerk)})
    await work(world, world.university)
    async with world.acting(world.university) as tx:
        assert [row.title for row in await queries.messages(tx)] == [TITLE]
        assert await queries.mailbox(tx) == []


async def test_an_authority_sees_its_own_mails_on_its_page_and_no_institutions(
    site: Site, world: World, post: PostOffice
) -> None:
    for tenant, role, kind in (
        (world.science, "science_officer", "science"),
        (world.department, "department_officer", "department"),
        (world.operator, "operator", "operator"),
        (world.university, "clerk", "institution"),
    ):
        person_id = await address(world, tenant, role)
        async with world.acting(tenant, role, kind) as tx:
            await send(tx, "message", {"title": f"给{role}的通知", "to_person": str(person_id)})
        await work(world, tenant)
        visitor = await site.signed_in(world, tenant, role, kind=kind)
        audience = {"institution": "institution", "operator": "operator"}.get(kind, "console")
        page = (await visitor.get(f"/{audience}/messages")).text
        assert "发到您邮箱的邮件" in page
        assert page.count("的通知") >= 2
        assert page.count(f"给{role}的通知") == page.count("的通知")


async def test_a_publication_reaches_every_unit_of_the_province_once(world: World, configuration: Settings) -> None:
    version = await drafted(world)
    async with officer(world) as tx:
        assert await lists.open_consultation(tx, version, 30) is None
    for _ in range(2):
        await work(world, world.science)
    async with world.maintenance.connect() as connection:
        asked = list(
            await connection.scalars(
                text(
                    "select message -> 'kwargs' from app.task_queue where message ->> 'actor_name' = 'announce' "
                    "and message -> 'kwargs' -> 'scope' ->> 'province' = :province"
                ),
                {"province": str(world.province_id)},
            )
        )
    told = {UUID(one["tenant"]): one for one in asked}
    units = {world.university, world.institute, world.hospital, world.enterprise}
    assert set(told) == units | {world.department, world.other_department, world.finance}
    assert len(asked) == len(told)
    words = {name: told[world.university][name] for name in ("news", "title", "text", "href", "to_permission")}
    for _ in range(2):
        await work(world, world.university, announce, **words)
    await work(world, world.university)
    async with world.acting(world.university) as tx:
        (message,) = await queries.messages(tx)
    assert message.title.startswith("公开征求意见：")
    assert message.href.startswith(f"/{world.slug}/consultations/")
