"""Where the platform may send to: never into the installation's own network unless the installation names the host."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_PORTS = (None, 443, 8443)
_NAT64 = 0x64FF9B0000000000000000


def fault_of(url: str, named: Collection[str]) -> str:
    """Why nothing may be sent to an address, in Chinese; empty where it may. ``named`` are the hosts of the settings."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "推送地址填写有误"
    if any(character <= " " or character == "\\" or not character.isascii() for character in url):
        return "推送地址不能有空格、反斜线或者中文"
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.fragment:
        return "推送地址请写成 https://主机/路径，不带用户名、口令和 #"
    if host in named:
        return ""
    if parts.scheme != "https":
        return "推送地址必须是 https；内网主机需由平台运维在部署设置中登记"
    if port not in _PORTS:
        return "推送地址的端口只能是 443 或者 8443；其他主机需由平台运维在部署设置中登记"
    if _is_address(host):
        return "" if outside(host) else "推送地址不能是内网地址；内网主机需由平台运维在部署设置中登记"
    # a name of digits and hex is an address in a form that only some resolvers read
    if "." not in host or host.rpartition(".")[2].lower().startswith(("0x", *"0123456789")):
        return "推送地址须是完整的域名；内网主机需由平台运维在部署设置中登记"
    return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def outside(address: str) -> bool:
    """Whether an IP address lies outside: neither private nor this machine's, nor one that carries such an address in it."""
    found = ip_address(address.partition("%")[0])
    inner = _carried(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        return outside(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The address of version 4 that one of version 6 stands for: mapped, 6to4, Teredo, NAT64."""
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
