"""The description of the API says what a machine needs to know, and nothing of pages for people."""

import uuid
from typing import Any

import pytest

from tests.web import Site

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# said by their address alone
BARE = {"confirm", "cancel", "undo", "withdraw"}
PATHS = {
    ("get", "/api/achievements"),
    ("get", "/api/achievements/{achievement_id}"),
    ("patch", "/api/achievements/{achievement_id}"),
    ("post", "/api/achievements/{achievement_id}/conversions"),
    ("post", "/api/imports"),
    ("get", "/api/achievements/{achievement_id}/stage"),
    ("put", "/api/achievements/{achievement_id}/stage"),
    ("post", "/api/disclosures"),
    ("get", "/api/disclosures"),
    ("put", "/api/disclosures/{disclosure_id}"),
    ("get", "/api/disclosures/{disclosure_id}"),
    ("post", "/api/disclosures/{disclosure_id}/papers"),
    ("get", "/api/disclosures/{disclosure_id}/papers"),
    ("post", "/api/disclosures/{disclosure_id}/papers/{paper_id}/withdraw"),
    ("post", "/api/achievements/{achievement_id}/stage/papers"),
    ("post", "/api/achievements/{achievement_id}/stage/papers/{paper_id}/withdraw"),
    ("post", "/api/applications"),
    ("post", "/api/applications/{application_id}/agreement"),
}


@pytest.fixture
async def described(site: Site) -> dict[str, Any]:
    answer = await site.anonymous().get("/schema/openapi.json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_every_operation_names_token_problems_and_its_own_answer(described: dict[str, Any]) -> None:
    operations = {(method, path): one for path, all_ in described["paths"].items() for method, one in all_.items()}
    assert operations.keys() >= PATHS
    flows = described["components"]["securitySchemes"]["client_credentials"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"].endswith("/protocol/openid-connect/token")
    for (method, path), operation in operations.items():
        assert path.startswith("/api/")
        assert operation["security"] == [{"client_credentials": []}, {"credential": []}]
        assert any("一" <= letter <= "鿿" for letter in operation["summary"]), path
        for status in ("401", "403", "404"):
            problem = operation["responses"][status]["content"]
            assert list(problem) == ["application/problem+json"], (path, status)
        (success,) = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
        (kind,) = success["content"]
        assert kind == XLSX or "$ref" in str(success["content"]["application/json"]["schema"]), path
        headers = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header" and one["required"]]
        asked = {"post": ["Idempotency-Key"], **{one: ["Idempotency-Key", "If-Match"] for one in ("patch", "put")}}.get(
            method, []
        )
        assert headers == asked, path
        if asked and path.rpartition("/")[2] not in BARE:
            assert operation["requestBody"]["content"], path


async def test_a_machine_without_a_token_is_told_which_kind_it_needs(site: Site) -> None:
    answer = await site.anonymous().get(f"/api/achievements/{uuid.uuid4()}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/disclosures/{disclosure_id}/papers", {"file", "kind", "confidential"}),
        ("/api/achievements/{achievement_id}/stage/papers", {"file", "kind", "subjects", "reference", "dated_on"}),
    ],
)
async def test_a_paper_is_described_as_the_form_that_it_is(
    described: dict[str, Any], path: str, fields: set[str]
) -> None:
    body = described["paths"][path]["post"]["requestBody"]
    assert body["required"]
    form = body["content"]["multipart/form-data"]["schema"]
    assert form["properties"].keys() == fields
    assert form["required"] == ["file", "kind"]
    assert form["properties"]["file"]["format"] == "binary"
