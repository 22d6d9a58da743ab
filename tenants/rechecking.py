"""Asking the provider again, while a person works, whether they still may: it sends no call when an account is disabled, taken
out of its organization or loses a role.

Whoever comes back after ``RECHECK`` of silence gets new tokens first. A refresh token works once, and one used twice ends the
session at the provider, so the requests of one session take turns: the first holds the session's row while it asks, the
others wait for it and find it done. A provider that is away ends nothing: people go on until it answers again.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import asyncpg
import msgspec
import structlog

from shared.clock import real_now
from shared.errors import Unavailable
from shared.ids import token_hash
from shared.keys.keyring import Keyring
from tenants.identity import Ended

log = structlog.get_logger()
RECHECK = timedelta(seconds=45)
"""At most a minute passes between the provider's change of mind and ours: this, and the time that an answer may take."""
_AWAY_SECONDS = 15.0
_away_until = 0.0


class Renewing(Protocol):
    """The part of the identity provider that is needed here."""

    async def renewed(self, tokens: Mapping[str, Any]) -> dict[str, Any]: ...


async def recheck(
    provider: Renewing, keyring: Keyring, driver: "asyncpg.Connection[asyncpg.Record]", token: str, after: timedelta
) -> bool:
    """Whether a session goes on; it counts as seen now. One that the provider ended is gone here too.

    Runs before the request's transaction begins, in one of its own.
    """
    hashed = token_hash(token)
    async with driver.transaction():
        held = await driver.fetchrow("select tokens, seen_at from app.hold_session($1)", hashed)
        if held is None or held["seen_at"] is None:
            return False
        if real_now() - held["seen_at"] <= after:  # another request of this session has just asked
            return True
        try:
            await driver.execute(
                "select app.renew_session($1, $2)", hashed, await _renewed(provider, keyring, held["tokens"])
            )
        except Ended:
            await driver.execute("select app.end_session($1)", hashed)
            log.info("session.ended_by_recheck")
            return False
    return True


async def _renewed(provider: Renewing, keyring: Keyring, sealed: bytes) -> bytes:
    """The session's new tokens; the old ones while the provider is away, or where it never gave any that can be renewed.

    :raises Ended: the provider gives none.
    """
    global _away_until
    tokens = msgspec.json.decode(keyring.decrypt(sealed) or b"{}") if sealed else {}
    if not tokens.get("refresh_token") or time.monotonic() < _away_until:
        return sealed
    try:
        fresh = await provider.renewed(tokens)
    except Unavailable:
        _away_until = time.monotonic() + _AWAY_SECONDS
        log.warning("session.recheck_postponed")
        return sealed
    return keyring.encrypt(msgspec.json.encode(kept(fresh)))


def kept(tokens: Mapping[str, Any]) -> dict[str, Any]:
    """What a session keeps of the provider's answer."""
    return {name: tokens.get(name) for name in ("id_token", "refresh_token", "access_token")}
