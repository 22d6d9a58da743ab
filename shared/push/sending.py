"""Handing a message over by HTTP: signed, to an address that was looked at when it was dialled, never further than that."""

import asyncio
import hmac
import socket
from collections.abc import Collection, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

import httpx

from shared.push.addresses import fault_of, outside
from shared.settings import Settings

_SECONDS = 10.0


class PushFailed(Exception):
    """There was no answer; the message says why, in Chinese, and nothing of what the other side wrote."""


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """``sha256=`` and the HMAC over the second, a full stop and the very bytes of the body."""
    return "sha256=" + hmac.new(secret, f"{timestamp}.".encode() + body, sha256).hexdigest()


class Pusher:
    """Sends to the outside by https, and to the hosts that the installation names as it names them."""

    def __init__(self, named: Collection[str] = ()) -> None:
        self._named = frozenset(named)

    @classmethod
    def of(cls, configuration: Settings) -> "Pusher":
        return cls(configuration.named_push_hosts)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, whatever it is; a redirect is an answer and is not followed.

        The name is looked up once and that address is dialled, so that what was looked at is what is reached.

        :raises PushFailed: not an address to send to, or no answer within ten seconds.
        """
        fault = fault_of(url, self._named)
        if fault:
            raise PushFailed(fault)
        target = httpx.URL(url)
        address = await self._address(target.host, target.port or (443 if target.scheme == "https" else 80))
        dialled = target.copy_with(host=address)
        try:
            # no proxy of the environment: it would look the name up again
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
                request = client.build_request(
                    "POST",
                    dialled,
                    content=body,
                    headers={**headers, "host": urlsplit(url).netloc},
                    extensions={"sni_hostname": target.host},
                )
                answer = await asyncio.wait_for(client.send(request, stream=True), _SECONDS)
                await answer.aclose()
        except TimeoutError as error:
            raise PushFailed("对方 10 秒内没有答复") from error
        except httpx.TimeoutException as error:
            raise PushFailed("对方 10 秒内没有答复") from error
        except httpx.HTTPError as error:
            raise PushFailed(f"连接失败（{type(error).__name__}）") from error
        return answer.status_code

    async def _address(self, host: str, port: int) -> str:
        try:
            loop = asyncio.get_running_loop()
            found = await asyncio.wait_for(
                loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP), _SECONDS
            )
        except (OSError, UnicodeError, TimeoutError) as error:
            raise PushFailed("找不到推送地址的主机") from error
        addresses = [str(one[4][0]) for one in found]
        if host not in self._named and not all(outside(one) for one in addresses):
            raise PushFailed("推送地址的主机指向内网，没有发送")
        return addresses[0]
