"""`python3 -m deploy.setup <target>`: what the Makefile calls."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.setup.assets import ensure_assets
from deploy.setup.commands import ROOT, SetupFailure, replace_process, run, say
from deploy.setup.debian import require_packages
from deploy.setup.environment import VENV, ensure_environment, write_locks
from deploy.setup.keycloak import ensure_keycloak

PROOFS = ROOT / "build" / "requirements.json"
_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider")
_MADE = (
    VENV,
    ROOT / "node_modules",
    ROOT / "build",
    ROOT / ".mypy_cache",
    ROOT / ".ruff_cache",
    ROOT / ".pytest_cache",
)


def _ready(level: str) -> Path:
    python = ensure_environment(level)
    ensure_assets()
    return python


def demo() -> int:
    python = _ready("run")
    replace_process([python.parent / "chengguo", "demo"])
    return 0


def test_fast() -> int:
    return run([_ready("dev"), *_PYTEST, "-m", "not journey and not reliability and not keycloak"])


def test() -> int:
    """Everything; notes which requirement each passing test proves."""
    require_packages()
    ensure_keycloak()
    PROOFS.unlink(missing_ok=True)
    return run([_ready("dev"), *_PYTEST], CHENGGUO_PROOFS=str(PROOFS))


def check() -> int:
    """Runs all checks even if one fails, so that one run shows every fault."""
    binaries = _ready("dev").parent
    checks: tuple[tuple[str, list[str | Path]], ...] = (
        ("格式", [binaries / "ruff", "format", "--check", "."]),
        ("静态检查", [binaries / "ruff", "check", "."]),
        ("类型", [binaries / "mypy"]),
        ("依赖方向", [binaries / "lint-imports"]),
        ("行级安全", [binaries / "python", "-m", "tests.tenancy.prove"]),
    )
    failed = []
    for name, command in checks:
        began = time.monotonic()
        code = run(command)
        say(f"  {'✓' if code == 0 else '✗'} {name}  {time.monotonic() - began:.1f} 秒")
        if code != 0:
            failed.append(name)
    if failed:
        say(f"未通过：{'、'.join(failed)}")
    return 1 if failed else 0


def bench() -> int:
    return run([_ready("dev"), "-m", "tests.bench", *sys.argv[2:]])


def clean() -> int:
    for place in _MADE:
        shutil.rmtree(place, ignore_errors=True)
    say(f"已删除安装与构建产物；数据目录 {ROOT / '.data'} 未动。")
    return 0


def lock() -> int:
    write_locks()
    return 0


def packages() -> int:
    require_packages()
    say("系统软件包齐全。")
    return 0


TARGETS: dict[str, Callable[[], int]] = {
    "demo": demo,
    "test": test,
    "test-fast": test_fast,
    "check": check,
    "bench": bench,
    "clean": clean,
    "lock": lock,
    "packages": packages,
}


def main() -> int:
    target = TARGETS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if target is None:
        say(f"用法：make {' | '.join(TARGETS)}")
        return 2
    try:
        return target()
    except SetupFailure as failure:
        say(f"失败：{failure.message}\n处理办法：{failure.remedy}")
        return 1
    except KeyboardInterrupt:
        say("已中断；未完成的内容已删除。")
        return 130


if __name__ == "__main__":
    sys.exit(main())
