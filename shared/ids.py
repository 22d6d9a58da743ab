"""Identifiers."""

import hashlib
import os
import secrets
import time
from uuid import UUID, uuid5

NAMESPACE = UUID("6f7c5a52-6a0e-5d0b-9c8e-2f6f0a6c9d11")
NIL = UUID(int=0)


def new_id() -> UUID:
    """A time-ordered UUID (version 7), so that keys made later sort later and indexes stay dense."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def named_id(*parts: str) -> UUID:
    """The same UUID for the same words, in every run and on every machine."""
    return uuid5(NAMESPACE, "/".join(parts))


def new_token() -> str:
    """An unguessable text for cookies and links: 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token: SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()
