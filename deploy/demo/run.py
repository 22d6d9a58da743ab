"""`chengguo demo`: the whole product on one machine, supervised, from an empty folder to a printed address."""

from __future__ import annotations

import http.client
import importlib.util
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.demo.identity.configuration import REALM, machine_secrets
from deploy.demo.identity.pages import groups
from deploy.embedded.errors import PartFailureError, disk_errors, require_space
from deploy.embedded.layout import DATABASE, Layout
from deploy.embedded.object_store import ObjectStore
from deploy.embedded.os_user import private_folder, write_private
from deploy.embedded.ports import LOOPBACK, is_free, pick
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.program import Program
from deploy.embedded.supervisor import Supervisor, child_environment, project_root

CLIENT_ID = "portal"
_NEEDED_MEGABYTES = 1000
# Stop order: worker → web (with the identity provider) → object store → database.
_WORKER, _WEB, _STORE, _DATABASE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stays the same from one start to the next: people are known by issuer, so its port is kept."""

    client_secret: str
    identity_port: int
    web_metrics_port: int
    worker_metrics_port: int


def run_demo(port: int, data_dir: Path, *, version: str = "18", filled: bool = True) -> int:
    """Set up what is missing in `data_dir`, serve at `port` until a signal, stop everything. Returns an exit code.

    `filled=False` leaves out the demo's people and data.
    """
    console = Console(highlight=False, soft_wrap=True)
    data = data_dir.resolve()
    try:
        with disk_errors(data):
            data.mkdir(parents=True, exist_ok=True)
            require_space(data, _NEEDED_MEGABYTES)
        with Supervisor(data / "run", console) as supervisor:
            _require_port(port)
            console.print(f"正在启动演示环境（数据目录 {data}）…")
            kept = _kept(data)
            _start(supervisor, data, port, kept, version, filled)
            _announce(console, data, port, kept)
            supervisor.watch()
    except PartFailureError as failure:
        console.print(f"[red]启动失败：[/red]{failure.message}", markup=True)
        if failure.remedy:
            console.print(f"处理办法：{failure.remedy}", markup=False)
        return 1
    console.print("演示环境已停止，数据已保留。")
    return 0


def _require_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise PartFailureError(f"端口 {port} 无效。", "请使用 1 到 65535 之间的端口，例如 PORT=8090 make demo。")
    if not is_free(port):
        raise PartFailureError(
            f"端口 {port} 已被其他程序占用。", f"请关闭占用它的程序，或换一个端口：PORT={port + 10} make demo。"
        )


def _kept(data: Path) -> _Kept:
    file = private_folder(data / "keys") / "demo.json"
    known: dict[str, str | int] = json.loads(file.read_text()) if file.exists() else {}
    identity, web, worker = (
        pick(1, wanted=[int(known[name])] if name in known else [])[0]
        for name in ("identity_port", "web_metrics_port", "worker_metrics_port")
    )
    kept = _Kept(str(known.get("client_secret") or secrets.token_urlsafe(24)), identity, web, worker)
    wanted = {name: getattr(kept, name) for name in _Kept.__dataclass_fields__}
    if wanted != known:
        write_private(file, json.dumps(wanted))
    return kept


def issuer_of(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/realms/{REALM}"


def _start(supervisor: Supervisor, data: Path, port: int, kept: _Kept, version: str, filled: bool) -> None:
    """Everything that does not wait for another part is launched before the first one is waited for."""
    database = EmbeddedPostgres(Layout(data).database, version=version)
    store = ObjectStore(Layout(data).objects)
    platform_keys = private_folder(data / "keys" / "platform")
    identity_keys = private_folder(data / "keys" / "identity")
    supervisor.begin(store, stop_rank=_STORE)
    common = {
        "CHENGGUO_MODE": "demo",
        "CHENGGUO_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "CHENGGUO_OIDC_ISSUER": issuer_of(kept.identity_port),
        "CHENGGUO_OIDC_CLIENT_ID": CLIENT_ID,
        "CHENGGUO_OIDC_CLIENT_SECRET": kept.client_secret,
    }
    identity = _program(
        "演示身份服务",
        [sys.executable, "-m", "deploy.demo.identity"],
        data,
        # It asks for no database: the settings object wants the variable, an empty one will do.
        common | {"CHENGGUO_DATABASE_WEB_URL": "", "CHENGGUO_KEY_DIRECTORY": str(identity_keys)},
        _answers(kept.identity_port, f"/realms/{REALM}/.well-known/openid-configuration"),
        "identity",
    )
    supervisor.begin(identity, stop_rank=_WEB)
    with supervisor.step(f"数据库（PostgreSQL {version}）"):
        supervisor.begin(database, stop_rank=_DATABASE)
        database.wait_ready()
        database.apply_roles()
        if DATABASE not in database.databases():
            database.create_database(DATABASE)
    serving = common | {
        "CHENGGUO_DATABASE_WEB_URL": database.dsn("web", DATABASE),
        "CHENGGUO_OBJECT_STORE_URL": store.endpoint,
        "CHENGGUO_OBJECT_STORE_ACCESS_KEY": store.access_key,
        "CHENGGUO_OBJECT_STORE_SECRET_KEY": store.secret_key,
        "CHENGGUO_OBJECT_STORE_BUCKET": store.bucket,
        "CHENGGUO_KEY_DIRECTORY": str(platform_keys),
    }
    administering = serving | {
        "CHENGGUO_DATABASE_TASKS_URL": database.dsn("tasks", DATABASE),
        "CHENGGUO_DATABASE_MAINTENANCE_URL": database.dsn("maintenance", DATABASE),
        "CHENGGUO_DATABASE_ADMIN_URL": database.dsn("postgres", DATABASE),
    }
    _task(supervisor, "数据库结构", [_command(), "migrate"], administering)
    supervisor.await_ready(store)
    supervisor.await_ready(identity)
    _task(supervisor, "密钥与存储桶", [sys.executable, "-m", "deploy.demo.prepare"], serving)
    # For commands on this machine: `set -a; . keys/command.env`, then `chengguo province create …`.
    write_private(data / "keys" / "command.env", "".join(f"{name}={value}\n" for name, value in serving.items()))
    if importlib.util.find_spec("deploy.demo.data") is not None:
        what = [] if filled else ["--clock"]
        named = "演示数据" if filled else "演示时钟"
        _task(supervisor, named, [sys.executable, "-m", "deploy.demo.data", *what], administering)
    _start_product(supervisor, data, port, kept, serving, database.dsn("tasks", DATABASE))
    if filled:
        watch = _program("练习单位", [_command(), "training", "watch"], data, administering, lambda: True, "training")
        supervisor.begin(watch, stop_rank=_WORKER)
        supervisor.await_ready(watch)


def _start_product(
    supervisor: Supervisor, data: Path, port: int, kept: _Kept, serving: Mapping[str, str], tasks_url: str
) -> None:
    """The worker and the web server; neither is given the maintenance or the administrator's login."""
    worker = _program(
        "任务进程",
        [_command(), "worker"],
        data,
        {
            **serving,
            "CHENGGUO_DATABASE_TASKS_URL": tasks_url,
            "CHENGGUO_METRICS_PORT": str(kept.worker_metrics_port),
        },
        lambda: True,
        "worker",
    )
    web = _program(
        "网页服务",
        [_command(), "serve"],
        data,
        {**serving, "CHENGGUO_METRICS_PORT": str(kept.web_metrics_port), "PORT": str(port)},
        _answers(port, "/healthz"),
        "web",
    )
    supervisor.begin(worker, stop_rank=_WORKER)
    supervisor.begin(web, stop_rank=_WEB)
    supervisor.await_ready(web)
    supervisor.await_ready(worker)


def _command() -> Path:
    return Path(sys.executable).parent / "chengguo"


def _program(
    name: str, argv: list[str | Path], data: Path, env: Mapping[str, str], ready: Callable[[], bool], log: str
) -> Program:
    return Program(
        name,
        argv,
        cwd=project_root(),
        env=child_environment(**env),
        log=data / "log" / f"{log}.log",
        ready=ready,
    )


def _answers(port: int, path: str) -> Callable[[], bool]:
    def ready() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def _task(supervisor: Supervisor, what: str, argv: list[str | Path], env: Mapping[str, str]) -> None:
    """Run a command to its end. Raises PartFailureError with what it said."""
    with supervisor.step(what):
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=project_root(),
            env=child_environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            process_group=0,  # Ctrl-C is for us: we then stop everything in order
        )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-15:]
        text = "\n".join(said)
        full = "No space left" in text or "磁盘" in text
        raise PartFailureError(
            f"{what}失败：\n{text}",
            "磁盘已满，请清理后重试。" if full else "已有数据保留在原处；修正后重新运行即可。",
        )


def _announce(console: Console, data: Path, port: int, kept: _Kept) -> None:
    console.print()
    console.print(f"演示环境已就绪：[bold]http://{LOOPBACK}:{port}[/bold]")
    console.print(f"演示身份服务：{issuer_of(kept.identity_port)}")
    clients = machine_secrets(data / "keys" / "identity")
    console.print(f"接口账号（client credentials）：{'、'.join(clients)}，密钥见 {data / 'keys/identity/clients.json'}")
    console.print("演示人员（登录时点选，无需密码）：")
    for province, organisations in groups():
        console.print(f"  [bold]{province.name}[/bold]")
        for organisation, people in organisations:
            names = "、".join(f"{person.name}（{person.kind}）" for person in people)
            console.print(f"    {organisation.name}：{names}")
    console.print(f"管理命令的环境变量：{data / 'keys/command.env'}")
    console.print("按 Ctrl-C 停止。")
