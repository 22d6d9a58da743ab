"""Who may use the demo identity provider, and where it stands."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from deploy.demo.people import MACHINES, MachineAccount
from deploy.embedded.errors import PartFailureError
from deploy.embedded.os_user import private_folder, write_private
from shared.settings import Settings

REALM = "chengguo"
SIGN_IN_PATH, SIGNED_OUT_PATH, BACKCHANNEL_PATH = "/sign-in/callback", "/signed-out", "/sign-in/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client: with redirect addresses for the code flow, or a machine for client credentials."""

    client_id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_uris: tuple[str, ...] = ()
    backchannel_uri: str = ""
    machine: MachineAccount | None = None


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds."""

    code: float = 60
    access: int = 300
    refresh: int = 1800
    sign_in_page: float = 1800


@dataclass(frozen=True)
class Configuration:
    """`issuer` is `http://<loopback>:<port>/realms/<realm>`; `audience` is who accepts access tokens."""

    issuer: str
    audience: str
    key_folder: Path
    clients: dict[str, Client]
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    @property
    def host(self) -> str:
        return urlsplit(self.issuer).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.issuer).port or 80

    @property
    def path(self) -> str:
        """`/realms/<realm>`."""
        return urlsplit(self.issuer).path


def require_loopback(host: str) -> None:
    """Raises PartFailureError for any address that others could reach: here anyone may be anyone."""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = False  # names may resolve to anything
    if not loopback:
        raise PartFailureError(
            f"演示身份服务不得监听 {host or '空地址'}：它不核验身份。", "只能使用 127.0.0.1；正式环境请接入 Keycloak。"
        )


def portal_client(client_id: str, secret: str, public_url: str) -> Client:
    """The product itself, reached by people at `public_url`."""
    base = public_url.rstrip("/")
    return Client(
        client_id, secret, (base + SIGN_IN_PATH,), (base + SIGNED_OUT_PATH,), backchannel_uri=base + BACKCHANNEL_PATH
    )


def machine_secrets(folder: Path) -> dict[str, str]:
    """Secret by client id of the demo's machine accounts; made once, kept 0600."""
    file = private_folder(folder) / "clients.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    wanted = {machine.client_id: known.get(machine.client_id) or secrets.token_urlsafe(24) for machine in MACHINES}
    if wanted != known:
        write_private(file, json.dumps(wanted, indent=1))
    return wanted


def configuration_from(settings: Settings) -> Configuration:
    """From the product's own settings object.

    Raises SettingsError outside demo and test mode, PartFailureError for an address that is not loopback.
    """
    settings.require_demo("演示身份服务")
    folder = settings.key_directory
    portal = portal_client(settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(), settings.public_url)
    machine_clients = {
        machine.client_id: Client(machine.client_id, secret, machine=machine)
        for machine, secret in ((found, machine_secrets(folder)[found.client_id]) for found in MACHINES)
    }
    configuration = Configuration(
        issuer=settings.oidc_issuer.rstrip("/"),
        audience=settings.api_audience,
        key_folder=folder,
        clients={portal.client_id: portal, **machine_clients},
    )
    require_loopback(configuration.host)
    return configuration
