"""The installation's keys: made once, kept in one folder of mode 0700, read by web, worker and command line.

Signing keys (audit checkpoints, notice proofs, the public list log) are Ed25519; the old public keys stay in the folder and are
published, so that what they signed can always be verified. Session tokens are encrypted with AES-256-GCM.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PURPOSES = ("audit", "notice", "list")
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class KeysMissing(Exception):
    """The key folder is absent or incomplete: ``chengguo keys create`` makes it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One Ed25519 key; ``key_id`` is the first 16 hex digits of the public key."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


class Keyring:
    """The keys of a folder; private material is read at first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Keyring":
        """Make what is missing; never replaces a key that is there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for name in ("sessions", "forms"):
            file = folder / f"{name}.key"
            if not file.exists():
                _write_private(file, os.urandom(32))
        for purpose in PURPOSES:
            if not (folder / f"{purpose}.json").exists():
                ring = cls(folder)
                ring.rotate(purpose)
        return cls(folder)

    def rotate(self, purpose: str) -> SigningKey:
        """A new signing key for a purpose; earlier public keys stay published."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(*_RAW).hex()
        key_id = public[:16]
        raw = private.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        _write_private(self.folder / f"{purpose}-{key_id}.key", raw)
        record = self._record(purpose)
        record["keys"][key_id] = public
        record["current"] = key_id
        _write_private(self.folder / f"{purpose}.json", json.dumps(record).encode())
        return SigningKey(key_id, private)

    def signing(self, purpose: str) -> SigningKey:
        """The current signing key.

        :raises KeysMissing: when there is none.
        """
        record = self._record(purpose)
        key_id = record["current"]
        if not key_id:
            raise KeysMissing(f"缺少“{purpose}”签名密钥，请先运行 chengguo keys create")
        raw = (self.folder / f"{purpose}-{key_id}.key").read_bytes()
        return SigningKey(key_id, Ed25519PrivateKey.from_private_bytes(raw))

    def public_keys(self, purpose: str) -> dict[str, str]:
        """Every public key ever used for a purpose: key id → 64 hex digits."""
        return dict(self._record(purpose)["keys"])

    def admit(self, purpose: str, public: str) -> bool:
        """Believe what a key of another installation signed, from now on; True when it was not known. It never signs here."""
        record = self._record(purpose)
        if public[:16] in record["keys"]:
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        record["keys"][public[:16]] = public
        _write_private(self.folder / f"{purpose}.json", json.dumps(record).encode())
        return True

    def verify(self, purpose: str, key_id: str, signature: bytes, message: bytes) -> bool:
        public = self.public_keys(purpose).get(key_id)
        if public is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @cached_property
    def form_key(self) -> bytes:
        return self._secret("forms")

    @cached_property
    def _sessions(self) -> AESGCM:
        return AESGCM(self._secret("sessions"))

    def encrypt(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._sessions.encrypt(nonce, plain, None)

    def decrypt(self, sealed: bytes) -> bytes | None:
        """The plain bytes, or None when they were sealed with another key or altered."""
        try:
            return self._sessions.decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            return None

    def _secret(self, name: str) -> bytes:
        try:
            return (self.folder / f"{name}.key").read_bytes()
        except FileNotFoundError as error:
            raise KeysMissing("密钥目录不完整，请先运行 chengguo keys create") from error

    def _record(self, purpose: str) -> dict[str, Any]:
        file = self.folder / f"{purpose}.json"
        if not file.exists():
            return {"current": "", "keys": {}}
        loaded: dict[str, Any] = json.loads(file.read_text())
        return loaded


def _write_private(file: Path, content: bytes) -> None:
    partial = file.with_name(file.name + ".part")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.rename(file)
