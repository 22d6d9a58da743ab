from typing import Any

import pytest

from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.identity import Claims
from tests.world import World


@pytest.fixture(scope="session")
def objects(configuration: Settings) -> ObjectStore:
    """The session's object store."""
    return ObjectStore(configuration)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration",), "tenant": world.university}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", "svc", "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder
