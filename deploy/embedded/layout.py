"""Where the embedded set-up keeps what, below its one data folder: the same for demo, backup and restore."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATABASE = "chengguo"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one installation."""

    data: Path

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def database(self) -> Path:
        return self.data / "postgres"

    @property
    def objects(self) -> Path:
        return self.data / "object-store"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def platform_keys(self) -> Path:
        return self.keys / "platform"
