"""A real Keycloak for the tests of this folder, the product in front of it, and two universities behind it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.ports import pick
from deploy.setup.commands import SetupFailure
from services.app import create_app
from shared.settings import Settings
from tests.journeys.browser import browser, open_page
from tests.sso.scene import PORTAL_SECRET, Scene, environment_of, listening, realm_for
from tests.sso.server import Keycloak, running_keycloak
from tests.web import Site, running_site
from tests.world import make_world

__all__ = ["browser", "open_page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/sso/" in item.nodeid:
            item.add_marker(pytest.mark.keycloak)


@pytest.fixture(scope="session")
def keycloak() -> Iterator[Keycloak]:
    """Missing Java is a failure that says what to install, never a skip."""
    try:
        with running_keycloak() as running:
            yield running
    except SetupFailure as failure:
        pytest.fail(f"{failure.message}\n{failure.remedy}", pytrace=False)


@pytest.fixture(scope="session")
async def scene(
    keycloak: Keycloak,
    configuration: Settings,
    maintenance: AsyncEngine,
    web: AsyncEngine,
    tasks: AsyncEngine,
    site: Site,
) -> AsyncIterator[Scene]:
    """The realm as its code says, three institutions and an authority opened by command, two with their own sign-in."""
    port = pick(1)[0]
    product = f"http://127.0.0.1:{port}"
    environment = environment_of(keycloak, product)
    own = configuration.model_copy(
        update={
            "public_url": product,
            "oidc_issuer": environment["CHENGGUO_OIDC_ISSUER"],
            "oidc_client_secret": SecretStr(PORTAL_SECRET),
        }
    )
    for realm in await keycloak.call("GET", ""):
        if realm["realm"] != "master":  # of an earlier run, where the server outlives it
            await keycloak.call("DELETE", f"/{realm['realm']}")
    await keycloak.call("POST", "", realm_for(product))
    world = await make_world(maintenance, web, tasks)
    async with running_site(create_app(own)) as running, listening(running.app, port):
        made = Scene(keycloak, world, running, product, own, environment)
        await made.open("uni", "institution", "--domain", "uni.example")
        await made.open("uni-a", "institution", "--domain", "uni-a.example")
        await made.open("uni-b", "institution", "--domain", "uni-b.example")
        await made.open("bureau", "department", "--domain", "bureau.example")
        people = ("bob@uni-a.example", "eve@uni-a.example", "officer@bureau.example")
        await made.university("sign-in-a", "oidc", *people)
        await made.university("sign-in-b", "saml", "carol@uni-b.example")
        await made.broker("uni-a", "sign-in-a", "oidc", "sign-in-a")
        await made.broker("uni-b", "sign-in-b", "saml", "sign-in-b")
        await made.broker("bureau", "sign-in-c", "oidc", "sign-in-a")
        yield made
        site.visits.extend(running.visits)
