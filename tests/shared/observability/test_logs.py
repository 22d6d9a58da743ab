"""Logs name what happened and hold nothing of what people typed: no cookie, body, name or title, whoever logs it."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import structlog
from dramatiq import Message, Worker
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from services.notices.workflow import publish_notice
from shared.db.transaction import Transaction
from shared.observability.logging import ALLOWED, configure_logging
from shared.settings import Settings
from shared.tasks.broker import TASKS, Task, make_broker, register
from tenants.people import person
from tests.services.notices.arranging import add_achievement, add_person, new_notice
from tests.web import Site
from tests.world import START, World

CANARY = f"canary{uuid4().hex}"
NAME, TITLE, BODY, SECRET = (f"{CANARY}{what}" for what in ("姓名", "题名", "正文", "密语"))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What would have gone to standard error, with the product's own configuration of logging."""
    said = io.StringIO()
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    monkeypatch.setattr("sys.stderr", said)
    configure_logging()
    structlog.configure(cache_logger_on_first_use=False)
    yield said
    logging.getLogger().handlers[:] = handlers
    structlog.configure(**before)


def lines(said: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


async def test_requests_are_logged_with_ids_and_without_content(site: Site, world: World, log: io.StringIO) -> None:
    completer = await add_person(world, world.university, NAME)
    achievement = await add_achievement(world, world.university, TITLE, completers=(completer,))
    async with world.acting(world.university, at=START) as tx:
        notice = await publish_notice(tx, new_notice(achievement, completer, title=TITLE))
    visitor = await site.signed_in(world, world.university, "clerk", "completer")
    cookie = visitor.client.cookies["chengguo"]
    address = f"/institution/notices/{notice}"
    shown = await visitor.get(address)
    assert TITLE in shown.text
    sent = await visitor.post(f"{address}/objections", {"body": BODY}, page=address)
    assert sent.status_code == 303
    assert (await visitor.post(f"{address}/objections", {"body": ""}, page=address)).status_code == 422
    await visitor.get(f"/institution/notices?tab={SECRET}")
    await visitor.get(f"/institution/{SECRET}")
    await visitor.client.post(f"{address}/objections", data={"body": BODY, "form_key": f"{SECRET}.x"})
    await visitor.client.get("/api/applications", headers={"authorization": f"Bearer {CANARY}"})

    said = log.getvalue()
    assert CANARY not in said
    assert cookie not in said
    posted = next(
        line for line in lines(log) if line.get("route", "").endswith("/objections") and line["status"] == 303
    )
    assert posted["route"] == "/institution/notices/{notice_id}/objections"
    assert posted["tenant"] == str(world.university)
    assert re.fullmatch(r"[0-9a-f]{32}", posted["request_id"])
    for line in lines(log):
        assert set(line) <= ALLOWED


async def test_a_request_that_fails_inside_is_logged_by_place_only(
    site: Site, world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(tx: Transaction, *_: Any) -> None:
        await tx.execute(insert(person).values(tenant_id=world.university, id=uuid4(), name=NAME))

    monkeypatch.setattr("services.notices.queries.count_by_state", fail)
    visitor = await site.signed_in(world, world.university)
    assert (await visitor.get("/institution/notices")).status_code == 500
    failed = next(line for line in lines(log) if line["event"] == "request.error")
    assert failed["error"].endswith("Error")
    assert "tests.shared.observability.test_logs" in failed["exception"]
    assert failed["request_id"]
    assert CANARY not in log.getvalue()


def test_what_libraries_log_is_kept_to_its_fixed_part(log: io.StringIO) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("some.library").exception("Failed to process %s", BODY)
    logging.getLogger("some.library").warning(f"put together beforehand: {TITLE}")
    first, second = lines(log)
    assert (first["event"], first["logger"], first["error"]) == ("Failed to process %s", "some.library", "ValueError")
    assert (second["event"], second["place"][:10]) == ("library.message", "test_logs:")
    assert CANARY not in log.getvalue()


def test_a_careless_call_leaks_nothing(log: io.StringIO) -> None:
    structlog.get_logger().info("import.read", title=TITLE, name=NAME, body=BODY, cookie=SECRET, rows=3)
    (line,) = lines(log)
    assert line["rows"] == 3
    assert CANARY not in log.getvalue()


async def test_an_error_of_the_database_does_not_quote_parameters(world: World) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with world.acting(world.university) as tx:
            await tx.execute(text("select cast(:name as integer) from app.person where name = :name"), {"name": NAME})
    assert NAME not in caught.value._message()
    assert "[parameters" not in str(caught.value)


def test_a_task_that_fails_leaves_its_words_neither_in_the_log_nor_in_the_queue(
    configuration: Settings, world: World, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(tx: Transaction, **_: Any) -> None:
        raise ValueError(SECRET)

    with monkeypatch.context() as only:
        only.setattr("shared.tasks.broker.TASKS", {})
        stumbling = Task(stumble, f"q{uuid4().hex[:12]}")
        broker = make_broker(configuration)
        register(broker)
    assert "stumble" not in TASKS
    scope = {"role": "worker", "tenant": str(world.university), "province": str(world.province_id)}
    broker.enqueue(Message(stumbling.queue, "stumble", (), {"scope": scope}, {}))
    worker = Worker(broker, queues={stumbling.queue}, worker_threads=1, worker_timeout=50)
    worker.start()
    assert configuration.database_maintenance_url
    try:
        stored = ""
        with psycopg.connect(configuration.database_maintenance_url.get_secret_value(), autocommit=True) as connection:
            for _ in range(200):
                found = connection.execute(
                    "select message::text from app.task_queue where message ->> 'actor_name' = 'stumble' "
                    "and (message -> 'options' ->> 'retries')::int >= 1"
                ).fetchone()
                if found:
                    stored = str(found[0])
                    break
                connection.execute("select pg_sleep(0.05)")
            connection.execute("delete from app.task_queue where message ->> 'actor_name' = 'stumble'")
    finally:
        worker.stop()
        broker.close()
    assert '"retries"' in stored
    assert CANARY not in stored
    assert "Traceback" not in stored
    failed = next(line for line in lines(log) if line["event"] == "task.failed")
    assert (failed["task"], failed["tenant"], failed["error"]) == ("stumble", str(world.university), "ValueError")
    assert CANARY not in log.getvalue()
