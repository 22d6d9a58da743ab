"""What every answer has, whatever was asked."""

from typing import Any, cast
from urllib.parse import unquote_to_bytes

import pytest
from litestar import Litestar
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.services.ledger.test_workflow import registered
from tests.web import Site, Visitor
from tests.world import World


@pytest.mark.parametrize("address", ["/healthz", "/no-such-page", "/institution/", "/api/no-such"])
async def test_every_answer_carries_the_security_headers(site: Site, address: str) -> None:
    visitor = site.anonymous()
    for answer in (await visitor.get(address), await visitor.client.head(address)):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_head_is_answered_as_get_without_a_body(site: Site) -> None:
    visitor = site.anonymous()
    asked, answered = await visitor.client.head("/healthz"), await visitor.get("/healthz")
    assert asked.status_code == answered.status_code == 200
    assert asked.headers["content-length"] == str(len(answered.content))
    assert asked.content == b""


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("DELETE", "/help", "GET, HEAD, OPTIONS"),
        ("POST", "/institution/ledger", "GET, HEAD, OPTIONS"),
        ("GET", "/sign-out", "OPTIONS, POST"),
        ("HEAD", "/sign-out", "OPTIONS, POST"),
        ("PUT", "/api/imports", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/api/achievements", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_an_address_has_not_is_told_those_that_it_has(
    site: Site, method: str, address: str, allowed: str
) -> None:
    answer = await site.anonymous().client.request(method, address)
    assert answer.status_code == 405
    assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    if address.startswith("/api/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status"}
    elif method != "HEAD":
        assert "该地址不支持此操作" in answer.text


@pytest.mark.parametrize("address", ["/help", "/institution/ledger", "/api/achievements"])
async def test_options_name_the_methods_and_nothing_of_a_tenant(site: Site, address: str) -> None:
    answer = await site.anonymous().client.options(address)
    assert (answer.status_code, answer.content) == (204, b"")
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD", "OPTIONS"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    # Nobody else's page may read us.
    assert "access-control-allow-origin" not in answer.headers


async def test_options_of_an_address_that_is_not_there(site: Site) -> None:
    assert (await site.anonymous().client.options("/api/no-such")).status_code == 404


@pytest.mark.parametrize("address", ["/institution/", "/console/"])
async def test_a_page_without_a_session_leads_to_sign_in(site: Site, address: str) -> None:
    answer = await site.anonymous().get(address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?return_to=")


async def test_an_unknown_page_is_a_chinese_page(site: Site) -> None:
    answer = await site.anonymous().get("/no-such-page")
    assert answer.status_code == 404
    assert "没有找到" in answer.text
    assert 'lang="zh-CN"' in answer.text


async def test_an_unknown_api_address_is_a_problem_document(site: Site) -> None:
    answer = await site.anonymous().get("/api/no-such")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


async def test_readiness_names_what_is_missing(site: Site, world: World, maintenance: AsyncEngine) -> None:
    async with maintenance.begin() as connection:  # what other tests left for a worker that never came
        await connection.execute(text("delete from app.task_queue"))
    answer = await site.anonymous().get("/readyz")
    checks = answer.json()["checks"]
    assert checks["database"] == checks["migrations"] == checks["queue"] == "ok"
    assert checks["object_store"] == "ok"
    assert checks["keys"] == "ok"
    assert checks["identity_keys"] != "ok"
    assert answer.status_code == 503
    async with maintenance.begin() as connection:
        await connection.execute(
            text(
                "insert into app.task_queue (queue_name, message_id, state, message, available_at) "
                "values ('default', gen_random_uuid(), 'queued', '{}', clock_timestamp() - interval '1 hour')"
            )
        )
    assert (await site.anonymous().get("/readyz")).json()["checks"]["queue"] == "late"
    async with maintenance.begin() as connection:
        await connection.execute(text("delete from app.task_queue"))


async def test_a_report_of_the_content_security_policy_is_taken(site: Site) -> None:
    report = {"csp-report": {"document-uri": "http://testserver.local/", "violated-directive": "script-src"}}
    answer = await site.anonymous().client.post("/csp-report", json=report)
    assert answer.status_code == 204


async def test_chinese_that_nobody_escaped_is_read_as_it_stands_in_the_address(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx, "一种示例催化剂的制备方法")
        await registered(tx, "一种示例装置")

    async def unescaped(scope: Any, receive: Any, send: Any) -> None:
        scope["query_string"] = unquote_to_bytes(scope["query_string"])
        await site.app(scope, receive, send)

    clerk = await site.signed_in(world, world.university)
    typed = Visitor(cast(Litestar, unescaped), clerk.client.cookies["chengguo"])
    page = await typed.get("/institution/ledger", q="方法")
    assert "CS-0001" in page.text
    assert "CS-0002" not in page.text
    broken = await typed.client.get("/institution/ledger?q=%b7%bd")
    assert broken.status_code == 200, "bytes that are no UTF-8 find nothing and break nothing"
