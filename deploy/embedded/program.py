"""A part that is a command of ours (worker, web server, identity provider), shaped like the servers."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.embedded.errors import PartFailureError
from deploy.embedded.leftovers import GRACE_SECONDS, end_process
from deploy.embedded.processes import ProcessMark, log_tail, mark, rotate_log, spawn

_ORPHAN_SECONDS = 0.5  # what stays behind a killed process has nobody left to answer to


class Part(Protocol):
    """What the supervisor starts, watches, starts again and stops."""

    name: str
    process: subprocess.Popen[bytes] | None

    def prepare(self) -> None: ...
    def launch(self) -> subprocess.Popen[bytes]: ...
    def is_ready(self) -> bool: ...
    def wait_ready(self, seconds: float = ...) -> None: ...
    def stop(self, seconds: float = ...) -> None: ...


class Program:
    """`argv` run in `cwd` with exactly `env`; ready when `ready()` says so."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool] = lambda: True,
        remedy: str = "",
    ) -> None:
        self.name = name
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.log = log
        self.remedy = remedy or f"请查看日志 {log}。"
        self.process: subprocess.Popen[bytes] | None = None
        self._ready = ready
        self._mark: ProcessMark | None = None

    def prepare(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it; what a dead predecessor has started itself (and may hold its port) is ended before."""
        if self._mark is not None:
            end_process(self._mark, signal.SIGTERM, seconds=_ORPHAN_SECONDS)
        rotate_log(self.log)
        self.process = spawn(self.argv, cwd=self.cwd, env=self.env, log=self.log, death_signal=signal.SIGTERM)
        self._mark = mark(self.process.pid)
        return self.process

    def is_ready(self) -> bool:
        return self.process is not None and self.process.poll() is None and self._ready()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Raises PartFailureError with the end of its log if it ends or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None:
                raise PartFailureError(f"{self.name}未能启动。日志末尾：\n{log_tail(self.log)}", self.remedy)
            if time.monotonic() > deadline:
                raise PartFailureError(f"{self.name}在 {seconds:.0f} 秒内未就绪。", self.remedy)
            time.sleep(0.05)

    def stop(self, seconds: float = GRACE_SECONDS) -> None:
        """SIGTERM, after `seconds` SIGKILL to it and to all it has started."""
        process, leader = self.process, self._mark
        self.process = self._mark = None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if leader is not None:
            end_process(leader, signal.SIGKILL, seconds=1.0)
