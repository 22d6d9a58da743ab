"""The provider's RS256 keys: private in a folder of 0700, the newest signs, the older ones stay published."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from deploy.embedded.os_user import private_folder, write_private

ALGORITHM = "RS256"
_KEPT = 3


class KeyFolder:
    """`keys.json` holds private keys, newest first. It is read again when it has changed on disk."""

    def __init__(self, folder: Path) -> None:
        self._file = private_folder(folder) / "keys.json"
        self._stamp = 0
        self._keys: list[RSAKey] = []
        if not self._file.exists():
            self.rotate()

    def rotate(self) -> str:
        """Make a new signing key; tokens of the last few keys stay valid. Returns the new key id."""
        known: list[dict[str, Any]] = json.loads(self._file.read_text()) if self._file.exists() else []
        key = RSAKey.generate_key(
            2048, parameters={"kid": secrets.token_urlsafe(16), "use": "sig", "alg": ALGORITHM}, private=True
        )
        kept = [key.as_dict(private=True), *known][:_KEPT]
        write_private(self._file, json.dumps(kept))
        return str(key.kid)

    def _current(self) -> list[RSAKey]:
        stamp = self._file.stat().st_mtime_ns
        if stamp != self._stamp:
            self._keys = [RSAKey.import_key(key) for key in json.loads(self._file.read_text())]
            self._stamp = stamp
        return self._keys

    def public(self) -> dict[str, Any]:
        """The key set document."""
        return {"keys": [key.as_dict(private=False) for key in self._current()]}

    def sign(self, claims: dict[str, Any], kind: str = "JWT") -> str:
        """A compact token; `kind` is the header's typ."""
        key = self._current()[0]
        return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that one of our keys has signed, expired or not; None for any other text."""
        try:
            decoded = jwt.decode(token, KeySet(list(self._current())), algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        return dict(decoded.claims)
