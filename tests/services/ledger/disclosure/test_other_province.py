"""What only one province asks for: fields of its pack in the form, in the draft, on the page, in the ledger, by the API."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.annual_report.queries import recipients_of
from services.ledger.disclosure.models import disclosure
from services.ledger.models import achievement
from tenants.provisioning import NewTenant, put_tenant
from tests.other_province import work_under_another_pack
from tests.services.ledger.disclosure.test_disclosure_api import account
from tests.services.ledger.disclosure.test_pages import begun
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

__all__ = ["account"]
FORM = {"name": "一种红土陶釉下彩工艺", "type": "craft_improvement", "team": "测试甲"}


@pytest.fixture
async def other(world: World) -> World:
    return await work_under_another_pack(world)


async def test_its_own_field_is_asked_kept_and_stands_in_the_ledger(site: Site, other: World) -> None:
    researcher = await site.signed_in(other, other.university, "completer")
    edit = await begun(researcher)
    page = (await researcher.get(edit)).text
    assert 'name="more-origin"' in page
    for absent in ("technical_field", "stage", "market_prospect", "evidence"):
        assert f'name="{absent}"' not in page, absent
    missing = await researcher.post(edit, FORM)
    assert missing.status_code == 422
    assert 'href="#f-more-origin"' in missing.text
    assert "第三条" in missing.text
    key = await researcher.form_key(edit)
    draft = f"{edit.removesuffix('/edit')}/draft"
    saved = await researcher.client.post(draft, params={"form_key": key}, data={**FORM, "more-origin": "赤岩县"})
    assert saved.status_code == 200
    assert "赤岩县" in (await researcher.get(edit)).text
    assert (await researcher.post(edit, {**FORM, "more-origin": "赤岩县红土镇"})).status_code == 303
    clerk = await site.signed_in(other, other.university, "clerk")
    case = edit.removesuffix("/edit")
    assert "赤岩县红土镇" in (await clerk.get(case)).text
    assert (await clerk.post(f"{case}/register", page=case)).status_code == 303
    async with other.acting(other.university) as tx:
        row = await tx.row(select(achievement).where(achievement.c.tenant_id == other.university))
    assert row is not None
    assert row.extra == {"工艺来源地": "赤岩县红土镇"}


@pytest.mark.parametrize(
    ("more", "status"), [({"origin": "赤岩县"}, 201), ({}, 422), ({"origin": "赤岩县", "unknown": "x"}, 422)]
)
async def test_a_machine_sends_its_own_field_too(
    site: Site, other: World, account: dict[str, Any], more: dict[str, str], status: int
) -> None:
    account["tenant"] = other.university
    body = {
        "classified": "no",
        "key_technology": "no",
        "name": FORM["name"],
        "type": FORM["type"],
        "completers": [{"name": "测试甲"}],
        "more": more,
    }
    answer: httpx.Response = await site.anonymous().client.post(
        "/api/disclosures", json=body, headers={"authorization": "Bearer token", "idempotency-key": "k"}
    )
    assert answer.status_code == status, answer.text
    async with other.acting(other.university) as tx:
        kept = await tx.rows(select(disclosure.c.more).where(disclosure.c.tenant_id == other.university))
    assert [row.more for row in kept] == ([{"origin": "赤岩县"}] if status == 201 else [])


async def test_a_further_authority_of_the_pack_receives_reports(other: World) -> None:
    async with other.acting(other.operator, "operator", "operator", at=at("2026-03-02")) as tx:
        new = NewTenant(
            id=other.pack_version_id, kind="recipient", name="测试省乡村振兴局", short_name="乡村振兴局",
            alias=f"r{other.province_id.hex}", since=tx.today, authority="rural_affairs",
        )  # fmt: skip
        assert await put_tenant(tx, new)
        assert not await put_tenant(tx, new)
    async with other.acting(other.university) as tx:
        (found,) = await recipients_of(tx, "rural_affairs", other.department)
        assert found.name == "测试省乡村振兴局"
        assert await recipients_of(tx, "human_resources", other.department) == []
        assert [one.id for one in await recipients_of(tx, "finance", other.department)] == [other.finance]
