"""Free ports on loopback, chosen so that two clones run side by side."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

from deploy.embedded.errors import PartFailureError

LOOPBACK = "127.0.0.1"
COMPANION = 10_000  # SeaweedFS opens a second listener at every port + 10000
# All below 32768, from where the kernel serves outgoing connections, so that a free port stays free until it is used.
# Ports with a companion have a range of their own, whose companions end below that too and are nobody's first port.
_PAIRED = range(20_000, 22_700)
_SINGLE = range(23_000, 30_000)


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick(count: int, *, companion: bool = False, wanted: Iterable[int] = ()) -> list[int]:
    """`count` different free ports; the `wanted` ones if all of them are still free.

    With `companion`, port + 10000 is free too. Raises PartFailureError if the machine has none left.
    """

    def usable(port: int) -> bool:
        return is_free(port) and (not companion or is_free(port + COMPANION))

    before = list(wanted)
    if len(set(before)) == count and all(usable(port) for port in before):
        return before
    found: list[int] = []
    for port in random.sample(_PAIRED if companion else _SINGLE, 400):
        if usable(port):
            found.append(port)
        if len(found) == count:
            return found
    raise PartFailureError("找不到空闲端口。", "请关闭占用大量端口的程序后重试。")
