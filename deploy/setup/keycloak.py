"""The Keycloak that the tests sign in with: fetched once by Maven, checked, built, and kept in the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.setup.commands import SetupFailure, download, step

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
_NEEDED_MEGABYTES = 900


def cache() -> Path:
    """``$XDG_CACHE_HOME/chengguo``, by default below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chengguo"


def ensure_keycloak() -> Path:
    """The folder of a server built for an in-memory database (``--db=dev-mem``), made at first use. Raises SetupFailure."""
    place = cache() / f"keycloak-{VERSION}-{SHA256[:8]}"
    if place.exists():
        return place
    require_java()
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_suffix(".lock")):
        if not place.exists():  # another run may have made it while this one waited
            with (
                step(f"准备 Keycloak {VERSION}（测试用，仅首次）"),
                tempfile.TemporaryDirectory(dir=place.parent) as folder,
            ):
                _built(Path(folder)).rename(place)
    return place


def require_java() -> None:
    """Raises SetupFailure that names what to install."""
    absent = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if absent:
        raise SetupFailure(
            f"单点登录的测试要启动真实的 Keycloak，缺少：{'、'.join(absent)}。",
            "请以 root 运行：apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless maven",
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _built(folder: Path) -> Path:
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    if free < _NEEDED_MEGABYTES:
        raise SetupFailure(
            f"磁盘空间不足：{folder} 所在分区仅剩 {free} MB。", f"请清理出约 {_NEEDED_MEGABYTES} MB 后重试。"
        )
    fetched = folder / "fetched"
    copy = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={fetched}"]
    download(copy, f"下载 Keycloak {VERSION}", cwd=folder)
    (archive,) = fetched.glob("*.zip")
    unpack(archive, folder)
    made = folder / f"keycloak-{VERSION}"
    _build(made)
    return made


def unpack(archive: Path, folder: Path) -> None:
    """Raises SetupFailure, and unpacks nothing, where the archive is not the one that was pinned."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise SetupFailure(f"下载的 Keycloak 与锁定的校验值不符：{found}", "请检查镜像是否完整，或换一个镜像。")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    for script in (folder / f"keycloak-{VERSION}" / "bin").glob("*.sh"):
        script.chmod(0o755)  # zipfile does not keep the mode


def _build(server: Path) -> None:
    done = subprocess.run(
        [server / "bin" / "kc.sh", "build", "--db=dev-mem"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SetupFailure(
            f"Keycloak 构建失败：\n{(done.stdout + done.stderr)[-1500:]}", "请确认 java -version 为 17 或更高。"
        )
