"""Running a command, and saying in Chinese what failed and what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SetupFailure(Exception):
    """`message` says what happened, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    say(f"→ {what} …")
    began = time.monotonic()
    yield
    say(f"  ✓ {what}  {time.monotonic() - began:.1f} 秒")


def require_space(megabytes: int) -> None:
    """Raises SetupFailure before anything is written. `megabytes` is in MiB."""
    free = shutil.disk_usage(ROOT).free // (1024 * 1024)
    if free < megabytes:
        raise SetupFailure(
            f"磁盘空间不足：{ROOT} 所在分区仅剩 {free} MB，安装需要约 {megabytes} MB。", "请清理磁盘后重试。"
        )


def download(command: Sequence[str | Path], what: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command that fetches packages; returns what it said. Raises SetupFailure."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    tail = "\n".join(done.stdout.strip().splitlines()[-12:])
    if "No space left" in done.stdout or "ENOSPC" in done.stdout or "os error 28" in done.stdout:
        raise SetupFailure(f"{what}失败：磁盘已满。\n{tail}", "请清理磁盘后重试；未完成的内容已删除。")
    if "hash" in done.stdout.lower() and "mismatch" in done.stdout.lower():
        raise SetupFailure(f"{what}失败：下载的文件与锁定的校验值不符。\n{tail}", "请检查镜像是否完整，或换一个镜像。")
    raise SetupFailure(
        f"{what}失败：\n{tail}",
        "若为网络问题，请检查网络、代理或镜像设置（pip 与 npm 的配置，或 UV_DEFAULT_INDEX）后重试；未完成的内容已删除。",
    )


def run(command: Sequence[str | Path], **extra: str) -> int:
    """Run a command in the project with our own output; returns its exit code. `extra` joins the environment."""
    return subprocess.run([str(word) for word in command], cwd=ROOT, env=os.environ | extra, check=False).returncode


def replace_process(command: Sequence[str | Path]) -> None:
    """Become the command, so that signals and the exit code are its own."""
    words = [str(word) for word in command]
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(words[0], words)
