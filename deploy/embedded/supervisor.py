"""Supervises the parts of a demo: starts them, starts again what dies, stops all of it in order, leaves nothing behind.

Every child lives in a session of its own, gets a signal when we die, and is written down in the run folder. A guard
process ends the rest when we are killed; a start clears what even that has left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from rich.console import Console

from deploy.embedded.errors import PartFailureError, disk_errors
from deploy.embedded.leftovers import GRACE_SECONDS, Entry, RunLock, clear_leftovers, write_register
from deploy.embedded.processes import mark
from deploy.embedded.program import Part

_TICK_SECONDS = 0.1
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 30.0
# A part that was ready for the one time, or ran for the other, starts again without a grown delay.
_WORKED_SECONDS, _STEADY_SECONDS = 0.5, 10.0


class StopRequestedError(BaseException):
    """A signal asked us to stop; derived from BaseException so that no part's own error handling swallows it."""


@dataclass
class _Watched:
    part: Part
    stop_rank: int
    stop_signal: signal.Signals
    launched_at: float = 0.0
    delay: float = _FIRST_DELAY
    restart_at: float | None = None
    announced: bool = True
    ready_at: float | None = None


class Supervisor:
    """Use as a context manager: entering takes the lock and clears leftovers, leaving stops everything."""

    def __init__(self, run_dir: Path, console: Console | None = None, *, grace: float = GRACE_SECONDS) -> None:
        self.run_dir = run_dir.resolve()
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.grace = grace
        self._lock = RunLock(self.run_dir)
        self._watched: list[_Watched] = []
        self._guard: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._handlers: dict[signal.Signals, object] = {}

    # -- life --------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        with disk_errors(self.run_dir):
            self.run_dir.mkdir(parents=True, exist_ok=True)
            self._lock.acquire("supervisor")
            ended = clear_leftovers(self.run_dir)
        if ended:
            self.console.print(f"  已清理上次异常退出留下的进程：{'、'.join(ended)}")
        self._start_guard()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._guard is not None and self._guard.stdin is not None:
            self._lock.release()
            self._guard.stdin.close()
            self._guard.wait()
        self._lock.release()
        return kind is StopRequestedError

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            raise StopRequestedError(number)

    def _start_guard(self) -> None:
        # No parent-death signal here: outliving us is its purpose.
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "deploy.embedded.guard", str(self.run_dir)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    # -- starting ----------------------------------------------------------------------------------------------------

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what is done and how long it took."""
        began = time.monotonic()
        try:
            yield
        except PartFailureError:
            self.console.print(f"  [red]✗[/red] {what}")
            raise
        self.console.print(f"  [green]✓[/green] {what}  {time.monotonic() - began:.1f} 秒")

    def begin(self, part: Part, *, stop_rank: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Launch a part without waiting for it; from now on it is watched and will be stopped."""
        part.prepare()
        watched = _Watched(part, stop_rank, stop_signal)
        self._watched.append(watched)
        self._launch(watched)

    def start(self, part: Part, *, stop_rank: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Launch a part and wait until it is ready. Raises PartFailureError."""
        with self.step(part.name):
            self.begin(part, stop_rank=stop_rank, stop_signal=stop_signal)
            part.wait_ready()

    def await_ready(self, part: Part) -> None:
        """Wait for a part that was begun earlier. The time said is the time since its launch."""
        watched = next(found for found in self._watched if found.part is part)
        try:
            part.wait_ready()
        except PartFailureError:
            self.console.print(f"  [red]✗[/red] {part.name}")
            raise
        self.console.print(f"  [green]✓[/green] {part.name}  {time.monotonic() - watched.launched_at:.1f} 秒")

    def _launch(self, watched: _Watched) -> None:
        watched.launched_at = time.monotonic()
        watched.part.launch()
        self._write_register()

    def _write_register(self) -> None:
        entries = []
        for watched in self._watched:
            process = watched.part.process
            found = mark(process.pid) if process is not None else None
            if found is not None:
                entries.append(Entry(watched.part.name, watched.stop_rank, int(watched.stop_signal), found))
        with disk_errors(self.run_dir):
            write_register(self.run_dir, entries)

    # -- watching ----------------------------------------------------------------------------------------------------

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again what dies, with growing delays, until a signal arrives (StopRequestedError) or `until()`."""
        while not until():
            for watched in self._watched:
                self._look_after(watched, time.monotonic())
            time.sleep(_TICK_SECONDS)

    def _look_after(self, watched: _Watched, now: float) -> None:
        process = watched.part.process
        if watched.restart_at is not None:
            if now >= watched.restart_at:
                self._relaunch(watched)
            return
        if process is not None and process.poll() is None:
            if not watched.announced and watched.part.is_ready():
                watched.announced = True
                watched.ready_at = now
                self.console.print(f"  [green]✓[/green] {watched.part.name}已恢复  {now - watched.launched_at:.1f} 秒")
            return
        worked = watched.ready_at is not None and now - watched.ready_at > _WORKED_SECONDS
        if worked or now - watched.launched_at > _STEADY_SECONDS:
            # Whatever ended what had worked is no reason to let people wait, however often it happens.
            watched.delay = _FIRST_DELAY
        code = process.returncode if process is not None else "?"
        self.console.print(
            f"  [yellow]![/yellow] {watched.part.name}意外退出（代码 {code}），{watched.delay:.1f} 秒后重新启动"
        )
        watched.restart_at = now + watched.delay
        watched.delay = min(watched.delay * 2, _LONGEST_DELAY)

    def _relaunch(self, watched: _Watched) -> None:
        watched.restart_at = watched.ready_at = None
        watched.announced = False
        try:
            self._launch(watched)
        except (PartFailureError, OSError) as error:
            self.console.print(f"  [red]✗[/red] {error}")
            watched.restart_at = time.monotonic() + watched.delay
            watched.delay = min(watched.delay * 2, _LONGEST_DELAY)

    # -- stopping ----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop all parts in stop order, each with SIGKILL after the grace period. Further signals are ignored."""
        self._stopping = True
        if not self._watched:
            return
        self.console.print("正在停止 …")
        for watched in sorted(self._watched, key=lambda found: found.stop_rank):
            began = time.monotonic()
            watched.part.stop(self.grace)
            self.console.print(f"  [green]✓[/green] {watched.part.name}已停止  {time.monotonic() - began:.1f} 秒")
        self._watched.clear()
        write_register(self.run_dir, ())


def project_root() -> Path:
    """The folder of the checkout: where the children are started."""
    return Path(__file__).resolve().parents[2]


def child_environment(**settings: str) -> dict[str, str]:
    """The whole environment of a child: a plain one and the given settings, nothing inherited."""
    binaries = Path(sys.executable).parent
    return {
        "PATH": f"{binaries}{os.pathsep}{os.defpath}",
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
