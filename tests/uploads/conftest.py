"""Uploads come through the machine's account too."""

from tests.services.ledger.importing.conftest import account

__all__ = ["account"]
