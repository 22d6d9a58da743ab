"""What a run writes down about its processes, and how a later one (or the guard) ends what is still there.

The register is `processes.json` in the run folder, one entry per child with its mark and its place in the stop order.
Only a process that is proved to be the recorded one is ever signalled.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.embedded.errors import PartFailureError
from deploy.embedded.os_user import private_folder, write_private
from deploy.embedded.processes import (
    ProcessMark,
    is_alive,
    send,
    send_session,
    session_members,
    start_time,
    wait_until_gone,
)

GRACE_SECONDS = 3.0
_LOCK_SECONDS = 25.0  # the guard of a killed run may be at work: four parts, three seconds each


@dataclass(frozen=True)
class Entry:
    """One child of a run: lower `stop_rank` is stopped first."""

    name: str
    stop_rank: int
    stop_signal: int
    process: ProcessMark


def write_register(run_dir: Path, entries: Iterable[Entry]) -> None:
    write_private(run_dir / "processes.json", json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))


def read_register(run_dir: Path) -> list[Entry]:
    """The entries of the last run in stop order; empty if there is no register or it cannot be read."""
    try:
        rows = json.loads((run_dir / "processes.json").read_text(encoding="utf-8"))
        entries = [Entry(r["name"], r["stop_rank"], r["stop_signal"], ProcessMark(**r["process"])) for r in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted(entries, key=lambda entry: entry.stop_rank)


def end_process(process: ProcessMark, number: signal.Signals, seconds: float = GRACE_SECONDS) -> None:
    """Ask a marked process to stop; after `seconds` end it and its whole session with SIGKILL."""
    if is_alive(process):
        send(process.pid, number)
    else:
        send_session(process, signal.SIGTERM)
    if not wait_until_gone(process, seconds):
        send_session(process, signal.SIGKILL)
        if is_alive(process):
            send(process.pid, signal.SIGKILL)
        wait_until_gone(process, seconds)


def clear_leftovers(run_dir: Path) -> list[str]:
    """End what an earlier run left, in stop order. Returns the names of what was found alive."""
    ended = []
    for entry in read_register(run_dir):
        if is_alive(entry.process) or session_members(entry.process):
            ended.append(entry.name)
            end_process(entry.process, signal.Signals(entry.stop_signal))
    write_register(run_dir, ())
    return ended


class RunLock:
    """At most one run per folder. The kernel drops the lock when its holder dies."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._descriptor: int | None = None

    def acquire(self, role: str, seconds: float = _LOCK_SECONDS) -> None:
        """Take the lock; wait for a guard, but refuse at once beside a running supervisor. Raises PartFailureError."""
        private_folder(self.run_dir)
        descriptor = os.open(self.run_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                role_now, _, number = os.pread(descriptor, 100, 0).decode().partition(" ")
                running = (
                    role != "guard"
                    and role_now == "supervisor"
                    and number.isdigit()
                    and start_time(int(number)) is not None
                )
                if running or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise PartFailureError(
                        f"此目录中的演示环境已在运行（进程 {number}）。", "请先在其终端按 Ctrl-C 停止，或换一个目录。"
                    ) from None
                time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{role} {os.getpid()}".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
