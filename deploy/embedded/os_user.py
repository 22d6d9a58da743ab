"""Who an embedded part runs as, and which folders that user may reach.

Nothing is opened further than needed: folders above a part's home get the right to be passed through, and secrets stay
in files of 0600 inside folders of 0700.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import subprocess
from pathlib import Path

from deploy.embedded.errors import PartFailureError
from deploy.embedded.processes import OsUser

DATABASE_USER = "embedded_postgres"
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432") - 5  # a lock file stands beside the socket


def database_user() -> OsUser | None:
    """None for an ordinary user. As root, which PostgreSQL refuses, an own system user (made if it is missing)."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(DATABASE_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", DATABASE_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)
            entry = pwd.getpwnam(DATABASE_USER)
        except (OSError, subprocess.CalledProcessError, KeyError):
            try:  # two clones may have made it at the same time
                entry = pwd.getpwnam(DATABASE_USER)
            except KeyError as error:
                raise PartFailureError(
                    f"PostgreSQL 不能以 root 运行，而系统用户 {DATABASE_USER} 建立失败。",
                    f"请改用普通用户运行，或手工执行 {' '.join(command)} 后重试。",
                ) from error
    return OsUser(DATABASE_USER, entry.pw_uid, entry.pw_gid)


def make_reachable(folder: Path, user: OsUser | None, *, tree: Path | None = None) -> None:
    """Let `user` pass through every folder above and including `folder`; let it read all below `tree`."""
    if user is None:
        return
    for place in (folder, *folder.parents):
        _add(place, stat.S_IXOTH)
    if tree is not None and not _readable(tree):
        for path in (tree, *tree.rglob("*")):
            if not path.is_symlink():
                _add(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _readable(tree: Path) -> bool:
    sample = (tree, tree / "bin", tree / "bin" / "postgres", tree / "share")
    return all(path.stat().st_mode & stat.S_IROTH for path in sample if path.exists())


def _add(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def private_folder(folder: Path, user: OsUser | None = None) -> Path:
    """A folder that only we (or only `user` and root) may enter: 0700, and a real folder, not a link. Returns it."""
    owner = user.uid if user else os.geteuid()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise PartFailureError(f"{folder} 不是本用户的目录。", "请删除它后重试。")
    if user is not None and found.st_uid != user.uid:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)
    return folder


def socket_folder(home: Path, user: OsUser | None) -> Path:
    """Where the database's socket stands: `run` in its home, or a short private path if that one is too long."""
    folder = home / "run"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_FOLDER:
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path("/tmp") / f"chengguo-{os.geteuid()}-{digest}"
    return private_folder(folder, user)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read (0600), whole or not at all."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    partial.replace(file)
