"""The outbox becomes messages: each once, to whom it is addressed and to nobody else."""

from email import message_from_bytes
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from services.home import queries
from services.home.delivering.workflow import ask_again, deliver
from services.home.models import mail, message
from services.home.workflow import open_message, read_all
from shared.db.records import outbox
from shared.errors import NotFound
from shared.ids import new_id
from shared.mail.sending import Mailer
from shared.workflow import send
from tenants.people import person
from tests.world import World


async def put(world: World, kind: str = "message", **payload: object) -> UUID:
    async with world.acting(world.university) as tx:
        return await send(tx, kind, payload)


async def delivered(world: World, mailer: Mailer | None = None) -> int:
    async with world.working(world.university) as tx:
        return await deliver(tx, mailer)


async def seen_by(world: World, tenant: UUID, role: str, kind: str = "institution") -> list[str]:
    async with world.acting(tenant, role, kind) as tx:
        return [row.title for row in await queries.messages(tx)]


async def test_a_message_reaches_those_who_hold_the_permission(world: World) -> None:
    await put(world, title="有人提出异议", href="/institution/notices", to_permission="institution:objection:answer")
    assert await delivered(world) == 1
    assert await seen_by(world, world.university, "clerk") == ["有人提出异议"]
    assert await seen_by(world, world.university, "completer") == []
    assert await seen_by(world, world.institute, "clerk") == []


async def test_a_message_to_one_person_is_nobody_elses(world: World) -> None:
    addressee = await world.person(world.university, "completer")
    await put(world, title="披露已退回", to_person=addressee)
    await delivered(world)
    assert await seen_by(world, world.university, "completer") == ["披露已退回"]
    assert await seen_by(world, world.university, "clerk") == []


async def test_delivering_again_makes_no_second_message(world: World) -> None:
    outbox_id = await put(world, title="一次", to_permission="institution:home:read")
    await delivered(world)
    async with world.maintenance.begin() as connection:
        await connection.execute(update(outbox).where(outbox.c.id == outbox_id).values(delivered_at=None))
    assert await delivered(world) == 1
    async with world.maintenance.connect() as connection:
        assert await connection.scalar(select(func.count()).where(message.c.tenant_id == world.university)) == 1


async def test_what_cannot_be_read_is_counted_and_does_not_stop_the_rest(world: World) -> None:
    broken = await put(world, nothing="useful")
    await put(world, title="后面的", to_permission="institution:home:read")
    assert await delivered(world) == 1
    assert await seen_by(world, world.university, "clerk") == ["后面的"]
    for _ in range(12):
        assert await delivered(world) == 0
    async with world.maintenance.connect() as connection:
        row = (await connection.execute(select(outbox).where(outbox.c.id == broken))).one()
    assert (row.delivered_at, row.attempts) == (None, 10)


async def test_reading_is_each_persons_own(world: World) -> None:
    await put(world, title="甲", href="/institution/ledger", to_permission="institution:home:read")
    await put(world, title="乙", to_permission="institution:home:read")
    await delivered(world)
    async with world.acting(world.university, "clerk") as tx:
        first = (await queries.messages(tx))[-1]
        assert await queries.unread_count(tx) == 2
        assert await open_message(tx, first.id) == "/institution/ledger"
        assert await queries.unread_count(tx) == 1
    async with world.acting(world.university, "leadership") as tx:
        assert await queries.unread_count(tx) == 2
        await read_all(tx)
        assert await queries.unread_count(tx) == 0


async def test_another_tenants_message_does_not_exist(world: World) -> None:
    message_id = await put(world, title="甲", to_permission="institution:home:read")
    await delivered(world)
    for unknown in (message_id, new_id()):
        async with world.acting(world.institute, "clerk") as tx:
            with pytest.raises(NotFound):
                await open_message(tx, unknown)


async def test_a_link_leads_nowhere_else(world: World) -> None:
    await put(world, title="外链", href="https://elsewhere.example/", to_permission="institution:home:read")
    await delivered(world)
    async with world.acting(world.university, "clerk") as tx:
        assert [row.href for row in await queries.messages(tx)] == [""]


async def test_an_authority_reads_its_own_messages_and_no_institutions(world: World) -> None:
    await put(world, title="单位内部", to_permission="institution:home:read")
    await delivered(world)
    async with world.acting(world.science, "science_officer", "science") as tx:
        await send(tx, "message", {"title": "有新的征求意见", "to_permission": "console:home:read"})
    async with world.working(world.science) as tx:
        tx.scope = tx.scope.within(world.science, world.science)
        await deliver(tx, None)
    assert await seen_by(world, world.science, "science_officer", "science") == ["有新的征求意见"]
    assert await seen_by(world, world.department, "department_officer", "department") == []


class _Outgoing(Mailer):
    def __init__(self) -> None:
        super().__init__("smtp://localhost", "platform@portal.example")
        self.sent: list[bytes] = []

    def _hand_over(self, mail: object) -> None:
        self.sent.append(bytes(mail))  # type: ignore[call-overload]


async def test_a_mail_is_kept_in_the_mailbox_and_sent_where_there_is_a_server(world: World) -> None:
    addressee = await world.person(world.university, "clerk")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(person).where(person.c.id == addressee).values(email="clerk@university.example")
        )
    await put(world, "mail", to_person=str(addressee), subject="公示期满", text="请办理签订协议。")
    mailer = _Outgoing()
    assert await delivered(world, mailer) == 1
    assert await delivered(world, mailer) == 0
    (sent,) = [message_from_bytes(raw) for raw in mailer.sent]
    assert sent["To"] == "clerk@university.example"
    async with world.acting(world.university, "clerk") as tx:
        assert [(row.subject, row.sent_at is not None) for row in await queries.mailbox(tx)] == [("公示期满", True)]
    async with world.acting(world.university, "leadership") as tx:
        assert await queries.mailbox(tx) == []
    async with world.maintenance.connect() as connection:
        assert await connection.scalar(select(func.count()).where(mail.c.tenant_id == world.university)) == 1


class _Away(_Outgoing):
    def _hand_over(self, mail: object) -> None:
        raise ConnectionRefusedError


async def test_a_mail_whose_server_was_away_is_sent_when_it_is_back(world: World) -> None:
    addressee = await world.person(world.university, "clerk")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(person).where(person.c.id == addressee).values(email="clerk@university.example")
        )
    await put(world, "mail", to_person=str(addressee), subject="公示期满", text="请办理签订协议。")
    assert await delivered(world, _Away()) == 0
    async with world.working(world.university) as tx:
        await ask_again(tx)
    async with world.maintenance.connect() as connection:
        waiting = await connection.scalar(
            text(
                "select count(*) from app.task_queue where message ->> 'actor_name' = 'deliver_outbox' "
                "and message -> 'kwargs' ->> 'tenant' = :tenant and available_at > now() + interval '30 seconds'"
            ),
            {"tenant": str(world.university)},
        )
    assert waiting == 1
    mailer = _Outgoing()
    assert await delivered(world, mailer) == 1
    assert len(mailer.sent) == 1
    assert await delivered(world, mailer) == 0
    assert len(mailer.sent) == 1
