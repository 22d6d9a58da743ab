"""The supervisor: what dies comes back, what is stopped goes in order, what is killed leaves nothing behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from deploy.embedded.errors import PartFailureError
from deploy.embedded.leftovers import Entry, RunLock, clear_leftovers, write_register
from deploy.embedded.processes import ProcessMark, is_alive, mark
from deploy.embedded.program import Program
from deploy.embedded.supervisor import Supervisor, child_environment, project_root

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
PARENT_OF_STUBBORN = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
time.sleep(60)
"""


def program(name: str, code: str, folder: Path) -> Program:
    log = folder / f"{name}.log"
    return Program(
        name,
        [sys.executable, "-c", code],
        cwd=folder,
        env=child_environment(),
        log=log,
        ready=lambda: log.exists() and "up" in log.read_text(),
    )


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive_in(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder and mark(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_killed_part_is_started_again_without_its_orphans(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "run", quiet()) as supervisor:
        part = program("甲", PARENT_OF_STUBBORN, tmp_path)
        supervisor.start(part, stop_rank=1)
        assert part.process
        first = part.process.pid
        orphan = next(pid for pid in alive_in(tmp_path) if pid != first)
        part.process.kill()
        supervisor.watch(until=lambda: part.process is not None and part.process.pid != first and part.is_ready())
        assert mark(orphan) is None
    assert alive_in(tmp_path) == []


def test_a_part_that_dies_at_once_is_retried_ever_more_slowly(tmp_path: Path) -> None:
    launches = tmp_path / "launches"
    code = f"open({str(launches)!r}, 'a').write('x'); print('up', flush=True)"
    out = io.StringIO()
    with Supervisor(tmp_path / "run", Console(file=out, width=200)) as supervisor:
        supervisor.begin(program("乙", code, tmp_path), stop_rank=1)
        until = time.monotonic() + 1.5
        supervisor.watch(until=lambda: time.monotonic() > until)
    assert 2 <= len(launches.read_text()) <= 4
    assert "0.2 秒后重新启动" in out.getvalue()
    assert "0.4 秒后重新启动" in out.getvalue()


def test_a_part_that_worked_is_not_made_to_wait_however_often_it_is_killed(tmp_path: Path) -> None:
    out = io.StringIO()
    with Supervisor(tmp_path / "run", Console(file=out, width=200)) as supervisor:
        part = program("丁", SLEEPER, tmp_path)
        supervisor.start(part, stop_rank=1)
        for _ in range(3):
            assert part.process
            last = part.process.pid
            part.process.kill()
            supervisor.watch(until=lambda before=last: part.process is not None and part.process.pid != before)  # type: ignore[misc]
            worked = time.monotonic() + 1.2
            supervisor.watch(until=lambda at=worked: time.monotonic() > at)  # type: ignore[misc]
    assert out.getvalue().count("0.2 秒后重新启动") == 3


def test_parts_stop_in_their_order_and_a_stubborn_one_is_killed(tmp_path: Path) -> None:
    out = io.StringIO()
    with Supervisor(tmp_path / "run", Console(file=out, width=200), grace=0.3) as supervisor:
        for name, rank in (("数据库", 4), ("对象存储", 3), ("网站", 2), ("任务", 1)):
            supervisor.start(program(name, STUBBORN if name == "网站" else SLEEPER, tmp_path), stop_rank=rank)
    stopped = [line.split()[1] for line in out.getvalue().splitlines() if "已停止" in line]
    assert stopped == ["任务已停止", "网站已停止", "对象存储已停止", "数据库已停止"]
    assert alive_in(tmp_path) == []


def test_a_part_that_does_not_come_up_is_reported_with_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(PartFailureError, match="没有配置"),
        Supervisor(tmp_path / "run", quiet()) as supervisor,
    ):
        supervisor.start(program("丙", "import sys; sys.exit('没有配置')", tmp_path), stop_rank=1)
    assert alive_in(tmp_path) == []


SUPERVISING = """
import sys
from pathlib import Path
from deploy.embedded.program import Program
from deploy.embedded.supervisor import Supervisor, child_environment
folder = Path(sys.argv[1])
with Supervisor(folder / "run") as supervisor:
    for name, code in (("一", sys.argv[2]), ("二", sys.argv[3])):
        supervisor.begin(Program(name, [sys.executable, "-c", code], cwd=folder, env=child_environment(),
                                 log=folder / (name + ".log")), stop_rank=1)
    print("ready", flush=True)
    supervisor.watch()
"""


def supervising(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SUPERVISING, str(folder), SLEEPER, PARENT_OF_STUBBORN]
    process = subprocess.Popen(command, cwd=project_root(), stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    while "ready" not in process.stdout.readline():
        assert process.poll() is None
    wait_for(lambda: len(alive_in(folder)) == 3)
    return process


@pytest.mark.reliability
def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    parent = supervising(tmp_path)
    parent.kill()
    parent.communicate()
    wait_for(lambda: alive_in(tmp_path) == [])


@pytest.mark.reliability
def test_a_start_clears_what_a_killed_run_and_its_killed_guard_left(tmp_path: Path) -> None:
    parent = supervising(tmp_path)
    guard = next(
        int(pid)
        for pid in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        if b"guard" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(guard, signal.SIGKILL)
    parent.kill()
    parent.communicate()
    wait_for(lambda: len(alive_in(tmp_path)) == 1)  # the grandchild that ignores SIGTERM
    out = io.StringIO()
    with Supervisor(tmp_path / "run", Console(file=out, width=200)):
        assert alive_in(tmp_path) == []
    assert "二" in out.getvalue()


@pytest.mark.reliability
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    parent = supervising(tmp_path)
    parent.send_signal(number)
    output, _ = parent.communicate(timeout=15)
    assert parent.returncode == 0
    assert output.count("已停止") == 2
    assert alive_in(tmp_path) == []


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        Supervisor(tmp_path / "run", quiet()),
        pytest.raises(PartFailureError, match="已在运行"),
        Supervisor(tmp_path / "run", quiet()),
    ):
        pass


def test_a_foreign_process_with_a_recorded_number_is_left_alone(tmp_path: Path) -> None:
    RunLock(tmp_path).acquire("supervisor")
    foreign = subprocess.Popen(["sleep", "30"], start_new_session=True)
    try:
        real = mark(foreign.pid)
        assert real
        reused = ProcessMark(real.pid, real.started - 500, real.boot, real.cwd)
        other_boot = ProcessMark(real.pid, real.started, "another-boot", real.cwd)
        write_register(tmp_path, [Entry("甲", 1, 15, reused), Entry("乙", 1, 15, other_boot)])
        assert clear_leftovers(tmp_path) == []
        assert is_alive(real)
    finally:
        foreign.kill()
        foreign.wait()
