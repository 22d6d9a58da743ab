"""`python -m deploy.demo.identity` serves the provider; `… rotate` makes a new signing key for a running one."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from deploy.demo.identity.configuration import configuration_from
from deploy.demo.identity.keys import KeyFolder
from deploy.embedded.errors import PartFailureError
from shared.settings import SettingsError, settings


def main(arguments: list[str]) -> int:
    try:
        configuration = configuration_from(settings())
    except (SettingsError, PartFailureError) as error:
        print(error, file=sys.stderr)
        return 2
    keys = KeyFolder(configuration.key_folder)
    if arguments == ["rotate"]:
        print(f"新的签名密钥：{keys.rotate()}")
        return 0
    Granian(
        "deploy.demo.identity.application:from_settings",
        factory=True,
        address=configuration.host,
        port=configuration.port,
        interface=Interfaces.ASGI,
        workers=1,  # the sessions live in its memory
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
