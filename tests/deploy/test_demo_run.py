"""`chengguo demo`: comes up, says what is in the way, comes up again after a kill with its data."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.demo.run import run_demo
from deploy.embedded.ports import pick
from deploy.embedded.supervisor import project_root


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chengguo-demo-") as folder:
        yield Path(folder) / "data"


def test_a_taken_port_is_named_with_the_way_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_demo(port, data) == 1
    said = capsys.readouterr().out
    assert f"端口 {port} 已被其他程序占用" in said
    assert f"PORT={port + 10} make demo" in said
    assert not (data / "postgres").exists()


def test_a_full_disk_is_said_before_anything_is_made(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    monkeypatch.setattr("deploy.embedded.errors.shutil.disk_usage", lambda _: Usage(100, 100, 1024))
    assert run_demo(pick(1)[0], data) == 1
    assert "磁盘空间不足" in capsys.readouterr().out
    assert not (data / "postgres").exists()


def running(port: int, data: Path) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).parent / "chengguo"), "demo", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, cwd=project_root(), stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if "按 Ctrl-C 停止" in line:
            return process
    raise AssertionError("".join(said))


@pytest.mark.reliability
def test_it_comes_up_again_after_a_kill_and_stops_on_ctrl_c(data: Path) -> None:
    port = pick(1)[0]
    first = running(port, data)
    register = json.loads((data / "run" / "processes.json").read_text(encoding="utf-8"))
    assert len(register) == 6
    issuer = json.loads((data / "keys" / "demo.json").read_text())["identity_port"]
    first.kill()
    first.communicate()
    second = running(port, data)
    for entry in register:
        assert not Path(f"/proc/{entry['process']['pid']}/exe").exists()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert answer.status == 200
    assert json.loads((data / "keys" / "demo.json").read_text())["identity_port"] == issuer
    for secret in (data / "keys").rglob("*.json"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    second.send_signal(signal.SIGINT)
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 0
    stopped = [
        line.split()[1].removesuffix("已停止") for line in said.splitlines() if "已停止" in line and "秒" in line
    ]
    assert set(stopped[:2]) == {"任务进程", "练习单位"}
    assert set(stopped[2:4]) == {"网页服务", "演示身份服务"}
    assert stopped[4:] == ["对象存储", "数据库"]
