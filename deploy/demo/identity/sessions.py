"""What the provider remembers: sign-in pages shown, codes given out, sessions with their refresh tokens."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from deploy.demo.identity.configuration import Lifetimes
from deploy.demo.people import Person


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A checked authorisation request that waits for a person to be picked."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str


@dataclass
class Session:
    """One sign-in of one person; `cookie` is what the browser knows it by, `clients` who was given a code."""

    sid: str
    person: Person
    started_at: int
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    clients: set[str] = field(default_factory=set)


@dataclass
class Grant:
    """What one redeemed code gave: `refresh` is the only refresh token of it that is still good."""

    session: Session
    client_id: str
    scope: str
    nonce: str
    refresh: str = ""
    refresh_until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Code:
    request: SignInRequest
    session: Session
    until: float


class RefusedError(Exception):
    """An OAuth error: `error` is its code, the text its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii", "replace")).digest()).rstrip(b"=").decode()


class Desk:
    """All of the provider's memory."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self._lifetimes = lifetimes
        self._pages: dict[str, tuple[SignInRequest, float]] = {}
        self._codes: dict[str, _Code] = {}
        self._used_codes: dict[str, str] = {}  # to the sid they opened
        self._grants: dict[str, Grant] = {}  # by every refresh token given out, used ones too
        self._sessions: dict[str, Session] = {}

    def open_page(self, request: SignInRequest) -> str:
        """Remember a request while its page is shown; returns the page's number."""
        now = time.monotonic()
        self._pages = {key: kept for key, kept in self._pages.items() if kept[1] > now}
        number = secrets.token_urlsafe(24)
        self._pages[number] = (request, now + self._lifetimes.sign_in_page)
        return number

    def take_page(self, number: str) -> SignInRequest | None:
        """The request of a page, once."""
        found = self._pages.pop(number, None)
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def sign_in(self, person: Person) -> Session:
        # Keycloak's sid is no UUID either: 24 characters of base64url.
        session = Session(secrets.token_urlsafe(18), person, int(time.time()))
        self._sessions[session.sid] = session
        return session

    def session(self, sid: str) -> Session | None:
        return self._sessions.get(sid)

    def session_of_cookie(self, cookie: str) -> Session | None:
        return next((found for found in self._sessions.values() if secrets.compare_digest(found.cookie, cookie)), None)

    def give_code(self, request: SignInRequest, session: Session) -> str:
        session.clients.add(request.client_id)
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(request, session, time.monotonic() + self._lifetimes.code)
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Grant:
        """What a code gives, once. A code that comes twice ends its session. Raises RefusedError."""
        if code in self._used_codes:
            self.end(self._used_codes[code])
            raise RefusedError("invalid_grant", "Code not valid")
        found = self._codes.pop(code, None)
        if found is None or found.until < time.monotonic():
            raise RefusedError("invalid_grant", "Code not valid")
        self._used_codes[code] = found.session.sid
        request = found.request
        if request.client_id != client_id:
            raise RefusedError("invalid_grant", "Auth error")
        if request.redirect_uri != redirect_uri:
            raise RefusedError("invalid_grant", "Incorrect redirect_uri")
        if not verifier or not secrets.compare_digest(challenge_of(verifier), request.challenge):
            raise RefusedError("invalid_grant", "PKCE verification failed: Code mismatch")
        if found.session.sid not in self._sessions:
            raise RefusedError("invalid_grant", "Session not active")
        grant = Grant(found.session, client_id, request.scope, request.nonce)
        self._rotate(grant)
        return grant

    def _rotate(self, grant: Grant) -> None:
        grant.refresh = secrets.token_urlsafe(48)
        grant.refresh_until = time.monotonic() + self._lifetimes.refresh
        self._grants[grant.refresh] = grant

    def refresh(self, token: str, client_id: str) -> Grant:
        """Rotate a refresh token. One that was used before ends its session. Raises RefusedError."""
        grant = self._grants.get(token)
        if grant is None:
            raise RefusedError("invalid_grant", "Session not active")
        if client_id != grant.client_id:
            raise RefusedError("invalid_grant", "Invalid refresh token. Token client and authorized client don't match")
        if grant.refresh != token:
            self.end(grant.session.sid)
            raise RefusedError("invalid_grant", "Maximum allowed refresh token reuse exceeded")
        if grant.refresh_until < time.monotonic():
            self.end(grant.session.sid)
            raise RefusedError("invalid_grant", "Token is not active")
        grant.nonce = ""  # it belongs to the sign-in alone
        self._rotate(grant)
        return grant

    def grant_of(self, refresh: str) -> Grant | None:
        return self._grants.get(refresh)

    def end(self, sid: str) -> Session | None:
        """End a session and all that it gave; returns it if there was one."""
        session = self._sessions.pop(sid, None)
        if session is not None:
            self._grants = {token: kept for token, kept in self._grants.items() if kept.session is not session}
            self._used_codes = {code: owner for code, owner in self._used_codes.items() if owner != sid}
        return session
