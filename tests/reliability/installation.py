"""The real processes, supervised as in the demo, in a process of their own: `python -m tests.reliability.installation`."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from deploy.demo.run import run_demo
from deploy.embedded.layout import DATABASE, Layout
from deploy.embedded.leftovers import Entry, read_register
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.processes import ProcessMark, mark, session_members, spawn
from deploy.embedded.supervisor import child_environment, project_root

NAMES = {"web": "网页服务", "worker": "任务进程", "database": "数据库"}


class Installation:
    """Started empty in `data`, served at `port`; ends with this process."""

    def __init__(self, data: Path, port: int, version: str) -> None:
        self.layout = Layout(data)
        self.port = port
        self.said = data.with_suffix(".log")
        argv = [sys.executable, "-m", "tests.reliability.installation", str(port), str(data), version]
        self.process: subprocess.Popen[bytes] = spawn(
            argv, cwd=project_root(), env=child_environment(), log=self.said, death_signal=signal.SIGINT
        )
        self._database = EmbeddedPostgres(self.layout.database, version=version)

    def wait_ready(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while "按 Ctrl-C 停止" not in (said := self.said.read_text(encoding="utf-8")):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        assert self._database.attach()

    def dsn(self, login: str) -> str:
        return self._database.dsn(login, DATABASE)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """For looking, past row-level security; raises OperationalError while the database is away."""
        return psycopg.connect(self.dsn("maintenance"), autocommit=True, connect_timeout=2)

    def failures(self) -> list[str]:
        """Where requests ended in an error that was not foreseen (500), by the web server's log."""
        log = (self.layout.data / "log" / "web.log").read_text(encoding="utf-8", errors="replace")
        return sorted({line[:600] for line in log.splitlines() if '"event": "request.error"' in line})

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)

    def process_of(self, part: str) -> ProcessMark:
        """The part's leading process as it runs now; waits while the supervisor starts it."""
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            for entry in self._register():
                if entry.name == NAMES[part] and (found := mark(entry.process.pid)) is not None:
                    return found
            time.sleep(0.05)
        raise AssertionError(f"{part} is not there")

    def victims(self, part: str) -> list[ProcessMark]:
        """The leader first, then what it has started: a web process, a backend."""
        leader = self.process_of(part)
        inner = [mark(pid) for pid in session_members(leader) if pid != leader.pid]
        return [leader, *(found for found in inner if found is not None)]

    def _register(self) -> list[Entry]:
        return read_register(self.layout.run)

    def answers(self, path: str, cookie: str = "", timeout: float = 1.0) -> bool:
        """Whether a page is answered with 200."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"cookie": cookie} if cookie else {})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


if __name__ == "__main__":
    sys.exit(run_demo(int(sys.argv[1]), Path(sys.argv[2]), version=sys.argv[3], filled=False))
