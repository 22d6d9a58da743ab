"""Signing in against the demo identity provider, in a database of each module's own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from pydantic import SecretStr

from deploy.demo.acting import Demo
from deploy.demo.identity.application import create_app as create_identity
from deploy.demo.identity.configuration import Client, Configuration, portal_client
from deploy.demo.people import MACHINES
from deploy.demo.provinces import PROVINCES
from deploy.demo.registry import open_province
from deploy.embedded.postgres import EmbeddedPostgres
from services.app import create_app
from shared.db.engine import make_engine
from shared.settings import Settings
from tests.conftest import Database
from tests.tenants.signing_in import ISSUER, Scene
from tests.web import BASE, Site, running_site


@pytest.fixture(scope="module")
async def scene(
    request: pytest.FixtureRequest,
    server: EmbeddedPostgres,
    template: str,
    configuration: Settings,
    site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    name = str(request.module.__name__).rpartition(".")[2]
    server.create_database(name, template=template)
    database = Database(server, name)
    machines = {one.client_id: Client(one.client_id, "machine", machine=one) for one in MACHINES}
    clients = {"portal": portal_client("portal", "secret", BASE), **machines}
    folder: Path = tmp_path_factory.mktemp("identity")

    async def notify(_address: str, _token: str) -> None:
        """The back channel is walked by hand here."""

    identity: Any = create_identity(Configuration(ISSUER, "portal", folder, clients), notify)
    transport = httpx.ASGITransport(app=identity)
    settings = configuration.model_copy(
        update={
            "database_web_url": SecretStr(database.url("web")),
            "oidc_issuer": ISSUER,
            "oidc_client_secret": SecretStr("secret"),
        }
    )
    web, maintenance = (
        make_engine(database.url("web"), pool_size=2),
        make_engine(database.url("maintenance"), pool_size=2),
    )
    for province in PROVINCES:
        await open_province(Demo(web, ISSUER), province)
    app: Litestar = create_app(settings)
    async with running_site(app) as running, httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        app.state.provider.client.connection.async_s = httpx.AsyncClient(transport=transport)
        yield Scene(running, identity._app.state.provider, http, maintenance, web)
        site.visits.extend(running.visits)
    await web.dispose()
    await maintenance.dispose()
