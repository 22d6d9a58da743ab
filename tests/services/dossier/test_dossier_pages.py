"""The page of a decision file: who may open it, what it says, and the file behind its button."""

from uuid import UUID

import pytest

from services.dossier.verifier import report
from shared.audit.sealing import seal
from shared.ids import new_id
from shared.keys.keyring import Keyring
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.empowerment.arranging import announced, is_refused, prepare, sign
from tests.services.empowerment.test_pages_in_browser import look
from tests.services.notices.arranging import without_keys
from tests.web import Site
from tests.world import World

HOME = "/institution/dossiers/empowerment"


async def refused_case(world: World, site: Site, *, sealed: bool = True) -> tuple[UUID, UUID]:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    is_refused(await sign(world, ready.tenant, application_id, "2026-03-10"), "notice.running")
    if sealed:
        async with world.working(ready.tenant) as tx:
            await seal(tx, site.app.state.keyring)
    return ready.tenant, application_id


async def test_the_page_shows_each_decision_and_the_button_gives_a_file_that_holds(world: World, site: Site) -> None:
    tenant, application_id = await refused_case(world, site)
    auditor = await site.signed_in(world, tenant, "discipline")
    case = await auditor.get(f"/institution/empowerment/{application_id}")
    assert f"{HOME}/{application_id}" in case.text
    page = await auditor.get(f"{HOME}/{application_id}")
    assert page.status_code == 200
    assert "不予办理" in page.text
    assert "能否签署协议" in page.text
    assert "第八条(三)" in page.text
    keyring: Keyring = site.app.state.keyring
    public = list(keyring.public_keys("audit").values())
    assert public[-1] in page.text
    file = await auditor.get(f"{HOME}/{application_id}/file")
    assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
    assert file.headers["content-disposition"].startswith("attachment")
    assert report(file.content, public)[1] == []


async def test_an_achievement_has_its_file_too(world: World, site: Site) -> None:
    ready = await prepare(world)
    auditor = await site.signed_in(world, ready.tenant, "discipline")
    page = await auditor.get(f"/institution/dossiers/achievement/{ready.achievement_id}")
    assert page.status_code == 200
    assert "还没有决定" in page.text


async def test_an_unsealed_log_is_told_and_gives_no_file(world: World, site: Site) -> None:
    tenant, application_id = await refused_case(world, site, sealed=False)
    auditor = await site.signed_in(world, tenant, "discipline")
    assert "正在封存" in (await auditor.get(f"{HOME}/{application_id}")).text
    answer = await auditor.get(f"{HOME}/{application_id}/file")
    assert answer.status_code == 409
    assert "还没有封存" in answer.text


@pytest.mark.parametrize("tail", ["", "/file"])
async def test_who_may_not(world: World, site: Site, tail: str) -> None:
    tenant, application_id = await refused_case(world, site)
    address = f"{HOME}/{application_id}{tail}"
    anonymous = await site.anonymous().get(address)
    assert anonymous.status_code == 303
    assert (await (await site.signed_in(world, tenant, "clerk")).get(address)).status_code == 403
    clerk = await site.signed_in(world, tenant, "clerk")
    assert HOME not in (await clerk.get(f"/institution/empowerment/{application_id}")).text
    other = await site.signed_in(world, world.institute, "discipline")
    foreign, unknown = await other.get(address), await other.get(f"{HOME}/{new_id()}{tail}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert without_keys(foreign.text) == without_keys(unknown.text)
    wrong = await other.get(f"/institution/dossiers/nothing/{application_id}{tail}")
    assert wrong.status_code == 404


@pytest.mark.journey
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])
async def test_the_page_in_a_browser(world: World, site: Site, open_page: OpenPage, size: tuple[int, int]) -> None:
    tenant, application_id = await refused_case(world, site)
    auditor = await site.signed_in(world, tenant, "discipline")
    await look(open_page, auditor, size, {"dossier": f"http://localhost{HOME}/{application_id}"})
