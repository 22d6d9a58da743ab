"""Starting a process that cannot outlive us, and recognising later what a killed run left behind.

A process is identified by its number, its start time and the boot it was started in: a number alone is reused by the
kernel, and ending somebody else's process is the one mistake that cannot be taken back. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.errors import PartFailureError

_PR_SET_PDEATHSIG = 1
_STAT_STATE, _STAT_SESSION, _STAT_START = 0, 3, 19  # positions behind the command name in /proc/<pid>/stat


@dataclass(frozen=True)
class OsUser:
    """An operating system user to run a process as (numeric ids)."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class ProcessMark:
    """What identifies one process for good: number, start time in clock ticks since boot, boot id, and its folder."""

    pid: int
    started: int
    boot: str
    cwd: str


def require_linux() -> None:
    """Raises PartFailureError elsewhere: supervision stands on /proc and on the parent-death signal."""
    if sys.platform != "linux":
        raise PartFailureError(f"内置组件仅支持 Linux（当前系统：{sys.platform}）。", "请在 Linux 或 WSL2 中运行。")


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return text.rpartition(")")[2].split()  # the name stands in brackets and may hold blanks


def start_time(pid: int) -> int | None:
    """Clock ticks since boot, or None if there is no such process or only its remains (zombie)."""
    fields = _stat(pid)
    if fields is None or fields[_STAT_STATE] in "ZX":
        return None
    return int(fields[_STAT_START])


def working_directory(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return None


def mark(pid: int) -> ProcessMark | None:
    """The mark of a living process; None if it has ended."""
    started = start_time(pid)
    if started is None:
        return None
    return ProcessMark(pid, started, boot_id(), working_directory(pid) or "")


def is_alive(process: ProcessMark) -> bool:
    """True only for the very process that was marked, never for a later one with the same number."""
    return process.boot == boot_id() and start_time(process.pid) == process.started


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def session_members(leader: ProcessMark) -> list[int]:
    """Living processes of the session that `leader` opened.

    The kernel does not give the number away while the session has members. If the leader is gone, a member counts only
    if it still runs in the folder the leader was started in, so that an unrelated session is never taken for ours.
    """
    if leader.boot != boot_id():
        return []
    leader_start = start_time(leader.pid)
    if leader_start is not None and leader_start != leader.started:
        return []  # the number belongs to somebody else now
    members = []
    for pid in _all_pids():
        fields = _stat(pid)
        if fields is None or fields[_STAT_STATE] in "ZX" or int(fields[_STAT_SESSION]) != leader.pid:
            continue
        if leader_start is None and (not leader.cwd or working_directory(pid) != leader.cwd):
            continue
        members.append(pid)
    return members


def processes_in(directory: Path) -> list[int]:
    """Living processes whose working directory is exactly `directory` (where a database's processes stand)."""
    wanted = str(directory.resolve())
    return [pid for pid in _all_pids() if working_directory(pid) == wanted and start_time(pid) is not None]


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def send_session(leader: ProcessMark, number: signal.Signals) -> None:
    for pid in session_members(leader):
        send(pid, number)


def wait_until_gone(leader: ProcessMark, seconds: float) -> bool:
    """True when the leader and everything in its session have ended within `seconds`."""
    deadline = time.monotonic() + seconds
    while is_alive(leader) or session_members(leader):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def spawn(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    user: OsUser | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that gets `death_signal` when this process dies, however it dies.

    Call it from a thread that lives as long as the process does: the kernel watches the calling thread. Output goes to
    the end of `log` (or to our own output). Raises PartFailureError if the program cannot be started.
    """
    require_linux()
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def die_with_parent() -> None:
        # Runs after the change of user, which would have cleared the signal.
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)

    identity: dict[str, Any] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    output: Any = None
    try:
        if log is not None:
            output = log.open("ab")
        return subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            start_new_session=True,
            preexec_fn=die_with_parent,
            **identity,
        )
    except FileNotFoundError as error:
        raise PartFailureError(f"找不到程序：{argv[0]}。", "请删除 .venv 目录后重新运行 make demo。") from error
    finally:
        if output is not None:
            output.close()


def log_tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for an error message; empty if there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def rotate_log(log: Path, limit: int = 10 * 1024 * 1024) -> None:
    """Keep one older generation once a log has grown over `limit` bytes."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(log.name + ".1"))
