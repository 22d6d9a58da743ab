"""Making a folder whole or not at all: built beside its place, renamed when it is finished."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from deploy.embedded.errors import PartFailureError, disk_errors


def require_empty(target: Path, what: str) -> None:
    """Raises PartFailureError unless `target` is absent or an empty folder."""
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise PartFailureError(f"{what} {target} 已存在且不为空。", "请换一个空目录；已有内容未被改动。")


@contextmanager
def made_whole(target: Path, what: str) -> Iterator[Path]:
    """A private folder beside `target` that becomes `target` at the end; on any failure, SIGTERM or SIGINT it is removed.

    SIGINT is heeded even where a shell started this in the background and had it ignored.

    What a killed run left beside the target is removed too. Raises PartFailureError if the target is not empty.
    """
    require_empty(target, what)
    with disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        partial = target.parent / f".{target.name}.partial-{os.getpid()}"
        partial.mkdir(mode=0o700)
    earlier = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with disk_errors(partial):
            yield partial
            require_empty(target, what)
            _settle(partial)
            if target.exists():
                target.rmdir()
            partial.rename(target)
            _sync_folder(target.parent)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        shutil.rmtree(partial, ignore_errors=True)


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _remove_leftovers(target: Path) -> None:
    for left in target.parent.glob(f".{target.name}.partial-*"):
        number = left.name.rpartition("-")[2]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Have everything on the disk before the name says that it is whole."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        elif path.is_dir():
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
