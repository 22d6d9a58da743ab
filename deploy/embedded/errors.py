"""What may go wrong with a part that we start, said so that a person can act on it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class PartFailureError(Exception):
    """A part could not be started, stopped or prepared.

    `message` says in Chinese what happened, `remedy` what the person at the machine can do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


MEBIBYTE = 1024 * 1024


def require_space(directory: Path, megabytes: int) -> None:
    """Refuse early, before anything is written. `megabytes` is in MiB; raises PartFailureError."""
    existing = directory
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free // MEBIBYTE
    if free < megabytes:
        raise PartFailureError(
            f"磁盘空间不足：{existing} 所在分区仅剩 {free} MB，至少需要 {megabytes} MB。",
            "请清理磁盘，或将项目目录移到空间充足的分区后重试；已有数据未被改动。",
        )


@contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """Turn a full disk or a directory that cannot be written into a PartFailureError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PartFailureError(
                f"磁盘已满：写入 {directory} 失败。", "请清理磁盘后重试；未完成的内容已被删除，已有数据未被改动。"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PartFailureError(
                f"没有写入权限：{error.filename or directory}。", "请检查目录的属主与权限，或换用有权限的用户后重试。"
            ) from error
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            raise PartFailureError(
                f"{error.filename or directory} 不是文件夹。", "请移走这个文件，或换一个目录；它未被改动。"
            ) from error
        raise
