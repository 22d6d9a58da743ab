"""Kills one part after another at random moments and measures how long the rest of the world waits for it."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, field

import psycopg

from deploy.embedded.processes import ProcessMark, is_alive
from tests.reliability.installation import Installation

PARTS = ("web", "worker", "database")
PAGES_WITHIN = {"web": 5.0, "worker": 5.0, "database": 15.0}
JOBS_WITHIN = 15.0
_WATCH_SECONDS = 40.0
_PAUSE = (0.05, 1.0)


@dataclass(slots=True)
class Killed:
    """Seconds from the moment that the killed process was gone."""

    part: str
    inner: bool
    pages: float = 0.0
    jobs: float = 0.0
    contention: float = 1.0

    def late(self) -> bool:
        """Whether a limit was passed. The limits are those of a machine that does nothing else."""
        return self.pages > PAGES_WITHIN[self.part] * self.contention or self.jobs > JOBS_WITHIN * self.contention


def contention() -> float:
    """How many seconds a second of computing takes here now; 1 on a machine that is idle."""
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < 0.5:
        pass
    return max(1.0, (time.monotonic() - began) / 0.5)


@dataclass
class Killer:
    """`pages` are addresses with the cookie to send; all of them must answer. `busy`: how contended the machine is without us."""

    installation: Installation
    pages: tuple[tuple[str, str], ...]
    random: random.Random
    busy: float = 1.0
    done: list[Killed] = field(default_factory=list)

    def kill_each(self, times: int) -> list[Killed]:
        """Every part `times` times, in random order at random moments."""
        order = [part for part in PARTS for _ in range(times)]
        self.random.shuffle(order)
        for part in order:
            time.sleep(self.random.uniform(*_PAUSE))
            self.done.append(self._kill(part))
        return self.done

    def _kill(self, part: str) -> Killed:
        victims = self.installation.victims(part)
        victim = self.random.choice(victims) if self.random.random() < 0.3 else victims[0]
        waiting = self._waiting()
        os.kill(victim.pid, signal.SIGKILL)
        gone = _gone(victim)
        killed = Killed(part, inner=victim.pid != victims[0].pid)
        # What a killed leader had started may go on answering until its successor takes over: that does not count.
        killed.pages = self._until(gone, lambda: self._replaced(part, victims[0], killed) and self._pages_answer())
        killed.jobs = self._until(gone, lambda: self._taken_up(waiting))
        killed.contention = self.busy
        if killed.late():
            # Somebody else may have begun to use the machine meanwhile.
            killed.contention = max(self.busy, contention())
        return killed

    def _until(self, began: float, reached: object) -> float:
        assert callable(reached)
        while time.monotonic() - began < _WATCH_SECONDS:
            if reached():
                break
            time.sleep(0.05)
        return time.monotonic() - began

    def _replaced(self, part: str, before: ProcessMark, killed: Killed) -> bool:
        return killed.inner or self.installation.process_of(part) != before

    def _pages_answer(self) -> bool:
        return all(self.installation.answers(path, cookie) for path, cookie in self.pages)

    def _waiting(self) -> dict[str, tuple[object, ...]]:
        """Every message that stands in the queue, and how it stands there."""
        try:
            with self.installation.connect() as connection:
                return _messages(connection)
        except psycopg.OperationalError:
            return {}

    def _taken_up(self, waiting: dict[str, tuple[object, ...]]) -> bool:
        """Whether each of them is done, or has been taken up by a worker since, or is not yet due."""
        try:
            with self.installation.connect() as connection:
                now = _messages(connection)
        except psycopg.OperationalError:
            return False
        return not any(now.get(message) == state and state[2] for message, state in waiting.items()) and not any(
            now[message][2] and now[message][0] == "queued" for message in waiting if message in now
        )


def _messages(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    found = connection.execute(
        "select message_id::text, state, consumed_at, available_at < now() from app.task_queue "
        "where state in ('queued', 'consumed')"
    )
    return {str(row[0]): tuple(row[1:]) for row in found}


def _gone(victim: ProcessMark) -> float:
    while is_alive(victim):
        time.sleep(0.005)
    return time.monotonic()
