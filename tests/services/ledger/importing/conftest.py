import pytest

from shared.settings import Settings
from shared.storage.objects import ObjectStore


@pytest.fixture(scope="session")
def objects(configuration: Settings) -> ObjectStore:
    """The session's object store."""
    return ObjectStore(configuration)
