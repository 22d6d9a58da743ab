"""The Debian packages that a full test run needs, and saying which are missing."""

from __future__ import annotations

import shutil
import subprocess

from deploy.setup.commands import ROOT, SetupFailure

LIST = ROOT / "debian-packages.txt"


def wanted() -> list[str]:
    """Package names of the list, without comments."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def missing() -> list[str]:
    """Those that dpkg does not know as installed; all of them where there is no dpkg."""
    if shutil.which("dpkg-query") is None:
        return wanted()
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted()]
    said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    present = {line.split()[0] for line in said.splitlines() if line.endswith(" installed")}
    return [name for name in wanted() if name not in present]


def require_packages() -> None:
    """Raises SetupFailure with the list and the command that installs it."""
    absent = missing()
    if absent:
        raise SetupFailure(
            "完整测试缺少以下系统软件包：\n" + "\n".join(f"  - {name}" for name in absent),
            f"请以 root 运行：apt-get update && apt-get install -y --no-install-recommends {' '.join(absent)}",
        )
