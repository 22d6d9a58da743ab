"""The site's virus scanner: clamd, or whatever speaks its protocol, asked over its socket about every upload before it is kept.

Off where no address is set: then nothing is asked, and readiness and the operator's first page say so. Where one is set, a file
that the scanner has not called clean is not taken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import structlog

from shared.errors import Refusal, Unavailable, UploadRefused

log = structlog.get_logger()
_CHUNK = 2**17
_PING_SECONDS = 2.0
_FOUND = "FOUND"
_TOO_LARGE = "INSTREAM size limit exceeded"
# A time-out is an OSError, an answer cut short an EOFError; the last one is an answer without end.
_FAILED = (OSError, EOFError, asyncio.LimitOverrunError)
ScannerState = Literal["ok", "off", "unreachable"]


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner at ``unix:/path`` or ``tcp://host:port``; none where the address is empty.

    ``seconds`` bound one file's examination as a whole.
    """

    address: str
    seconds: float

    async def examine(self, content: bytes) -> None:
        """Let a clean file pass.

        :raises UploadRefused: something was found, or the file is larger than the scanner reads.
        :raises Unavailable: the scanner is set, and dead, slow or failing: what nobody looked at is not kept.
        """
        if not self.address:
            return
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._asked(b"zINSTREAM\0", content)
        except _FAILED as error:
            log.error("scanner.unavailable", error=type(error).__name__)
            raise Unavailable(
                "病毒查杀程序没有应答，文件没有保存；请稍后再试，仍不行请联系平台运维人员", code="upload.not_examined"
            ) from error
        if answer == "stream: OK":
            return
        if answer.endswith(_FOUND):
            name = answer.removeprefix("stream:").removesuffix(_FOUND).strip()
            told = f"文件中发现病毒或恶意代码（{name}），没有保存；请不要再打开或转发该文件，并联系本单位信息化部门查杀"
            raise UploadRefused(Refusal("upload.infected", told, inputs={"found": name}))
        if answer.startswith(_TOO_LARGE):
            told = "文件超过病毒查杀程序能检查的大小，没有保存；请压缩或分成几个文件后再上传"
            raise UploadRefused(Refusal("upload.too_large_to_examine", told))
        log.error("scanner.unavailable", error="answer")
        raise Unavailable(
            "病毒查杀程序不能检查该文件，文件没有保存；请稍后再试，仍不行请联系平台运维人员", code="upload.not_examined"
        )

    async def state(self) -> ScannerState:
        """Whether it is there, in one word; answers within two seconds."""
        if not self.address:
            return "off"
        try:
            async with asyncio.timeout(_PING_SECONDS):
                return "ok" if await self._asked(b"zPING\0") == "PONG" else "unreachable"
        except _FAILED:
            return "unreachable"

    async def _asked(self, command: bytes, content: bytes | None = None) -> str:
        where = urlsplit(self.address)
        reader, writer = await (
            asyncio.open_unix_connection(where.path)
            if where.scheme == "unix"
            else asyncio.open_connection(where.hostname, where.port)
        )
        # Read from the start: a scanner that has had enough answers and hangs up in the middle of the file.
        answer = asyncio.ensure_future(reader.readuntil(b"\0"))
        try:
            with suppress(ConnectionError):
                writer.write(command)
                await _send(writer, content)
            return (await answer)[:-1].decode("utf-8", "replace").strip()
        finally:
            answer.cancel()
            writer.close()


async def _send(writer: asyncio.StreamWriter, content: bytes | None) -> None:
    if content is not None:
        for begin in range(0, len(content), _CHUNK):
            piece = content[begin : begin + _CHUNK]
            writer.write(len(piece).to_bytes(4))
            writer.write(piece)
            await writer.drain()
        writer.write(bytes(4))
    await writer.drain()
