from __future__ import annotations

import pytest

from shared.policy import Pack, load_pack


@pytest.fixture(scope="session")
def yunnan() -> Pack:
    return load_pack("cn-53")


@pytest.fixture(scope="session")
def jilin() -> Pack:
    """The draft, in the mode in which its rules hold."""
    return load_pack("cn-22", mode="enforced")
