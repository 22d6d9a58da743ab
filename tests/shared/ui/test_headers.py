"""The security headers are on every answer, whoever made it."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, Response, get
from litestar.response import Redirect
from structlog.testing import capture_logs

from shared.ui.headers import CONTENT_SECURITY_POLICY, SecurityHeaders, csp_report

BINDING = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@get("/page")
async def page() -> str:
    return "ok"


@get("/fault")
async def fault() -> str:
    raise RuntimeError("asked for")


@get("/away")
async def away() -> Redirect:
    return Redirect("/page")


@get("/institution/ledger")
async def ledger() -> Response[str]:
    return Response("ok", headers={"cache-control": "public, max-age=600", "x-frame-options": "SAMEORIGIN"})


@get("/upload")
async def upload() -> Response[str]:
    return Response("ok", headers={"content-security-policy": "sandbox", "cache-control": "private, max-age=60"})


def _client(*, https: bool = False) -> httpx.AsyncClient:
    app = Litestar([page, fault, away, ledger, upload, csp_report], openapi_config=None)
    app.asgi_handler = SecurityHeaders(app.asgi_handler, https=https)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://site.test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with _client() as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page", 200),
        ("HEAD", "/page", 405),
        ("GET", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
        ("POST", "/page", 405),
        ("GET", "/fault", 500),
        ("GET", "/away", 302),
        ("GET", "/institution/ledger", 200),
        ("GET", "/institution/nowhere", 404),
    ],
)
async def test_headers_on_every_answer(method: str, path: str, status: int, client: httpx.AsyncClient) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers.get_list("content-security-policy") == [f"{BINDING}; report-uri /csp-report"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers


async def test_hsts_only_over_https() -> None:
    async with _client(https=True) as client:
        assert (await client.get("/nowhere")).headers["strict-transport-security"].startswith("max-age=31536000")


async def test_signed_in_pages_are_never_stored_and_handlers_cannot_loosen(client: httpx.AsyncClient) -> None:
    private = await client.get("/institution/ledger")
    assert private.headers.get_list("cache-control") == ["no-store"]
    assert private.headers.get_list("x-frame-options") == ["DENY"]
    assert (await client.get("/page")).headers["cache-control"] == "no-cache"
    assert (await client.get("/institutions")).headers["cache-control"] == "no-cache"


async def test_upload_may_be_sandboxed_besides(client: httpx.AsyncClient) -> None:
    answer = await client.get("/upload")
    assert answer.headers.get_list("content-security-policy") == ["sandbox", CONTENT_SECURITY_POLICY]
    assert answer.headers["cache-control"] == "private, max-age=60"


async def test_report_is_logged_without_queries_and_only_named_fields(client: httpx.AsyncClient) -> None:
    report = {
        "document-uri": "http://site.test/x?q=secret",
        "blocked-uri": "inline",
        "script-sample": "secret",
        "other": "x",
    }
    with capture_logs() as logs:
        answer = await client.post("/csp-report", content=json.dumps({"csp-report": report}))
    assert answer.status_code == 204
    assert [entry for entry in logs if entry["event"] == "content_refused"] == [
        {
            "event": "content_refused",
            "log_level": "warning",
            "document_uri": "http://site.test/x",
            "blocked_uri": "inline",
        }
    ]


@pytest.mark.parametrize(
    ("body", "status"), [(b"x" * 20000, 413), (b"not json", 400), (b"[]", 400), (b'{"csp-report": 3}', 400)]
)
async def test_bad_report_is_refused(body: bytes, status: int, client: httpx.AsyncClient) -> None:
    assert (await client.post("/csp-report", content=body)).status_code == status
