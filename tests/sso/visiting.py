"""A person's browser without a browser: follows redirects between the product and Keycloak, and fills the forms it meets."""

import hmac
import html
import re
import struct
import time
from dataclasses import dataclass, field
from hashlib import sha1
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

PASSWORD = "A-password-of-the-tests-1!"


class _Loopback(httpx.AsyncHTTPTransport):
    """Keeps Keycloak's Secure cookies on plain loopback, as browsers do."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        answer.headers = httpx.Headers([(name, value.replace(b";Secure", b"")) for name, value in answer.headers.raw])
        return answer


@dataclass
class Form:
    """One form of a page: where it goes, and what it sends by itself."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(named.get("action", "")))
        elif tag in ("input", "button") and self.found and named.get("name"):
            self.found[-1].fields[named["name"]] = named.get("value", "")


def forms_of(text: str) -> list[Form]:
    parser = _Forms()
    parser.feed(text)
    return [one for one in parser.found if one.action]


def words_of(text: str) -> str:
    """What a page says."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", text, flags=re.S)))


@dataclass
class Account:
    """Who signs in, and what they know: ``otp`` is the shared secret once a second factor is set up."""

    username: str
    password: str = PASSWORD
    organization: str = ""
    otp: str = ""
    step: int = 0
    email: str = ""

    def code(self) -> str:
        """A one-time code that was not used before: Keycloak takes the next one too."""
        now = int(time.time()) // 30
        assert now + 1 > self.step, "three codes within 30 seconds"
        self.step = max(now, self.step + 1)
        digest = hmac.digest(self.otp.encode(), struct.pack(">Q", self.step), sha1)
        place = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Tourist:
    """One cookie jar. ``seen`` are the addresses of Keycloak's pages that asked for something, in order."""

    def __init__(self, product: str) -> None:
        self.product = product
        self.seen: list[str] = []
        self.http = httpx.AsyncClient(transport=_Loopback(), timeout=30, follow_redirects=False)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(urljoin(self.product, path))

    async def is_signed_in(self, path: str = "/institution/sessions") -> bool:
        return (await self.get(path)).status_code == 200

    async def follow(self, answer: httpx.Response, until: str = "\0") -> httpx.Response:
        """Redirects only; stops before an address that contains ``until``."""
        for _ in range(25):
            if not answer.is_redirect or until in answer.headers["location"]:
                return answer
            answer = await self.http.get(urljoin(str(answer.url), answer.headers["location"]))
        raise AssertionError(f"sent round and round: {answer.headers['location']}")

    async def sign_in(
        self, account: Account, path: str = "/institution/sessions", *, until: str = "\0"
    ) -> httpx.Response:
        """From an address of the product through whatever Keycloak asks; the last answer, of either."""
        return await self.go_on(await self.follow(await self.get(path), until), account, until=until)

    async def go_on(self, answer: httpx.Response, account: Account, *, until: str = "\0") -> httpx.Response:
        for _ in range(14):
            filled = None if answer.is_redirect else self._filled(answer, account)
            if filled is None:
                return answer
            answer = await self.follow(
                await self.http.post(urljoin(str(answer.url), filled.action), data=filled.fields), until
            )
        raise AssertionError(f"never came to an end: {self.seen}")

    def _filled(self, answer: httpx.Response, account: Account) -> Form | None:
        """The form that goes on from a page of Keycloak; None when the page is the product's, or asks for nothing."""
        if str(answer.url).startswith(self.product) or answer.status_code != 200:
            return None
        forms = forms_of(answer.text)
        if not forms:
            return None
        form = next((one for one in forms if "totp" in one.fields), forms[0])
        asked = form.fields.keys()
        told = [one for one in re.findall(r'id="input-error[^"]*"[^>]*>([^<]*)', answer.text) if one.strip()]
        assert not told, told
        self.seen.append(_page(asked))
        if "kc.org" in asked:
            form.fields["kc.org"] = account.organization
        given: dict[str, Any] = {
            "username": account.username, "password": account.password, "password-new": account.password,
            "password-confirm": account.password, "email": account.email, "firstName": "姓名", "lastName": "姓名",
        }  # fmt: skip
        form.fields |= {name: value for name, value in given.items() if name in asked and value}
        if "totpSecret" in asked:
            account.otp, account.step = form.fields["totpSecret"], 0
        if "totp" in asked or "otp" in asked:
            form.fields["totp" if "totp" in asked else "otp"] = account.code()
        return form


def _page(asked: Any) -> str:
    """What a page of Keycloak is about."""
    pages = {"totpSecret": "set up otp", "totp": "otp", "otp": "otp", "kc.org": "organization", "password-new": "new password",
             "password": "password", "SAMLResponse": "saml", "SAMLRequest": "saml", "username": "username",
             "email": "profile"}  # fmt: skip
    return next((page for name, page in pages.items() if name in asked), "confirm")
