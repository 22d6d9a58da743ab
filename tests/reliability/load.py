"""A mixed load of writes that people and visitors make, each with an idempotency key and words found nowhere else.

A write is sent until it is acknowledged, always with the same key; what was acknowledged is noted, and now and then sent
once more on purpose.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.reliability.scene import Scene

PEOPLE = 4
_PAUSE = (0.05, 0.25)
_GIVE_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Write:
    """One act: where it goes, what is sent, whose cookie; `words` are found nowhere else."""

    kind: str
    words: str
    address: str
    form: dict[str, str]
    cookie: str
    key: str
    source: str


@dataclass
class Record:
    """What happened. `acknowledged` holds the words by kind."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Load:
    """Runs in a thread of its own between `start` and `finish`."""

    def __init__(self, base: str, scene: Scene) -> None:
        self.base = base
        self.scene = scene
        self.record = Record()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._addresses = itertools.count(2)
        self._kinds: tuple[Callable[[], Write], ...] = (self._opinion, self._objection, self._item)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> Record:
        """Let everybody end what they have begun, and return the record."""
        self._stop.set()
        self._thread.join(_GIVE_UP_SECONDS + 30)
        assert not self._thread.is_alive()
        return self.record

    async def _run(self) -> None:
        await asyncio.gather(*(self._person() for _ in range(PEOPLE)))

    async def _person(self) -> None:
        while not self._stop.is_set():
            write = random.choice(self._kinds)()
            if await self._until_acknowledged(write):
                self.record.acknowledged.setdefault(write.kind, []).append(write.words)
                if random.random() < 0.2:
                    await self._send(write)
            await asyncio.sleep(random.uniform(*_PAUSE))

    async def _until_acknowledged(self, write: Write) -> bool:
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            status = await self._send(write)
            if status == 303:
                return True
            if status is not None and status < 500 and status != 409:
                self.record.faults.append(f"{write.kind}: {status}")
                return False
            await asyncio.sleep(0.1)
        self.record.faults.append(f"{write.kind}: never acknowledged")
        return False

    async def _send(self, write: Write) -> int | None:
        """The status, or None when nobody answered."""
        self.record.sent[write.kind] += 1
        transport = httpx.AsyncHTTPTransport(local_address=write.source)
        try:
            async with httpx.AsyncClient(base_url=self.base, transport=transport, timeout=10) as client:
                headers = {"cookie": write.cookie} if write.cookie else {}
                answer = await client.post(write.address, data={**write.form, "form_key": write.key}, headers=headers)
        except httpx.HTTPError as error:
            self.record.answers[type(error).__name__] += 1
            return None
        self.record.answers[str(answer.status_code)] += 1
        return answer.status_code

    def _opinion(self) -> Write:
        words = f"建议{uuid4().hex}"
        number = next(self._addresses)  # an address may send ten opinions within minutes, so each comes from another
        source = f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}"
        return Write("opinion", words, self.scene.consultation, {"body": words}, "", uuid4().hex, source)

    def _objection(self) -> Write:
        words = f"异议{uuid4().hex}"
        clerk = self.scene.clerk
        return Write("objection", words, self.scene.objections, {"body": words}, clerk.cookie, clerk.key(), "127.0.0.1")

    def _item(self) -> Write:
        words, officer = f"条目{uuid4().hex}", self.scene.officer
        form = {"category": "major_interest", "title": words, "note": "说明"}
        return Write("item", words, self.scene.items, form, officer.cookie, officer.key(), "127.0.0.1")
