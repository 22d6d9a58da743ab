"""What a new installation needs before it serves: keys, and the bucket with the object by which readiness is asked.

Run as a command of its own, with the settings in the environment; repeating it changes nothing.
"""

from __future__ import annotations

from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore


def main() -> None:
    configuration = settings()
    configuration.require_demo("演示环境的准备")
    Keyring.create(configuration.key_directory)
    ObjectStore(configuration).prepare()


if __name__ == "__main__":
    main()
