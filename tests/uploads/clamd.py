"""A scanner that speaks clamd's protocol over a real socket and knows one virus: the harmless one that all scanners know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

# In two halves, so that no scanner takes this file for one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Clamd:
    """``answer`` instead of its own finding; ``silent``: it takes the file and never answers; ``at_most`` bytes of a file."""

    answer: bytes = b""
    silent: bool = False
    at_most: int = 2**30
    seen: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            command = await reader.readuntil(b"\0")
            said = b"PONG" if command == b"zPING\0" else await self._looked(reader)
            if self.silent:
                await reader.read()
            writer.write(said + b"\0")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _looked(self, reader: asyncio.StreamReader) -> bytes:
        content = b""
        while size := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(size)
            if len(content) > self.at_most:
                return b"INSTREAM size limit exceeded. ERROR"
        self.seen.append(content)
        return self.answer or (b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK")


@asynccontextmanager
async def listening(clamd: Clamd, socket: str = "") -> AsyncIterator[str]:
    """Its address: on a unix socket, or on a free port."""
    server = await (
        asyncio.start_unix_server(clamd.serve, socket) if socket else asyncio.start_server(clamd.serve, "127.0.0.1", 0)
    )
    try:
        yield f"unix:{socket}" if socket else f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
