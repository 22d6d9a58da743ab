"""Where nothing is sent: inside, in whatever form the inside is written."""

import pytest

from shared.push.addresses import fault_of, outside
from shared.push.sending import Pusher, PushFailed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "2002:0a00:0001::1",
        "64:ff9b::a00:1", "ff02::1",
    ],
)  # fmt: skip
def test_an_inside_address_is_known_as_one(address: str) -> None:
    assert not outside(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_outside_address_is_one(address: str) -> None:
    assert outside(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://assets.example.edu.cn/", "https://localhost/", "https://intranet/", "https://127.0.0.1/",
        "https://[::1]/", "https://2130706433/", "https://0x7f.0.0.0x1/", "https://127.1/", "https://user:pw@example.cn/",
        "https://@example.cn/", "https://example.cn:22/", "https://example.cn/#a", "ftp://example.cn/",
        "https://exa mple.cn/", "https:\\\\example.cn", "//example.cn", "https://", "https://例子.cn/", "https://[::1",
    ],
)  # fmt: skip
def test_an_address_that_leads_elsewhere_is_refused_with_words(url: str) -> None:
    assert fault_of(url, ())


def test_what_the_installation_names_may_be_inside() -> None:
    assert fault_of("https://assets.example.edu.cn/hook", ()) == ""
    assert fault_of("http://finance.internal:8080/hook", {"finance.internal"}) == ""
    assert fault_of("http://other.internal:8080/hook", {"finance.internal"})


async def test_a_name_that_leads_inside_is_not_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inside(self: Pusher, *asked: object, **named: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.8", 443))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", inside)
    with pytest.raises(PushFailed, match="指向内网"):
        await Pusher().post("https://assets.example.edu.cn/hook", b"{}", {})
