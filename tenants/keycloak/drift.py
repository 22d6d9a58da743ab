"""The realm as code, and where a running realm differs from it, field by field."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from shared.settings import Settings
from tenants.keycloak.administration import Administration
from tenants.permissions import ROLES

CODE = Path(__file__).resolve().parents[2] / "infra" / "keycloak" / "realm.json"
_NAMES = ("clientId", "name", "authenticator", "flowAlias", "alias", "username", "providerId")
# The realm masks secrets; accounts are not part of its settings, those of services are looked at by themselves.
_UNSEEN = frozenset({"secret", "users"})
# Whatever else stands in these lists was put there by somebody: another address to return to, another claim, another way in.
_CLOSED = frozenset({"redirectUris", "webOrigins", "protocolMappers", "authenticationExecutions", "eventsListeners"})


@dataclass(frozen=True, slots=True)
class Difference:
    """``place`` as ``clients[portal].attributes.…``; ``code`` and ``running`` as JSON, empty where there is nothing."""

    place: str
    code: str
    running: str


def as_code(settings: Settings, file: Path = CODE) -> dict[str, Any]:
    """The realm's code with this installation's addresses. Secrets stay placeholders."""
    text = file.read_text("utf-8").replace("${CHENGGUO_PUBLIC_URL}", settings.public_url.rstrip("/"))
    return cast(dict[str, Any], json.loads(text))


async def drift(at: Administration, code: Mapping[str, Any]) -> list[Difference]:
    """Everything that the code says and the running realm does not, and what it has beyond where nothing may be.

    :raises KeycloakError: the realm cannot be read.
    """
    running = await at.admin.a_export_realm(export_clients=True, export_groups_and_role=True)
    roles = {"roles": {"client": {at.portal: [{"name": role} for role in sorted(ROLES)]}}}
    accounts = [account async for account in _service_accounts(at, code)]
    return [*_differences("", code, running), *_differences("", roles, running), *accounts]


async def _service_accounts(at: Administration, code: Mapping[str, Any]) -> AsyncIterator[Difference]:
    """What the realm's own service accounts may do: no export tells it."""
    for account in code.get("users", ()):
        client = await at.admin.a_get_client_id(account["serviceAccountClientId"])
        if client is None:  # told as a missing client
            continue
        user = await at.read(f"clients/{client}/service-account-user")
        held = (await at.read(f"users/{user['id']}/role-mappings")).get("clientMappings") or {}
        given = {name: [role["name"] for role in entry["mappings"]] for name, entry in held.items()}
        for name in sorted(given.keys() | account["clientRoles"].keys()):
            place = f"users[{account['username']}].clientRoles.{name}"
            for one in _differences(place, account["clientRoles"].get(name, []), given.get(name, [])):
                yield one


def _differences(place: str, code: Any, running: Any) -> Iterator[Difference]:
    if isinstance(code, Mapping):
        there = running if isinstance(running, Mapping) else {}
        for name, value in code.items():
            if name not in _UNSEEN:
                yield from _differences(f"{place}.{name}" if place else name, value, there.get(name))
    elif isinstance(code, Sequence) and not isinstance(code, str) and any(isinstance(one, Mapping) for one in code):
        yield from _of_a_list(place, code, running or ())
    elif _comparable(code) != _comparable(running):
        yield Difference(place, _told(code), _told(running))


def _of_a_list(place: str, code: Sequence[Any], running: Sequence[Any]) -> Iterator[Difference]:
    """Entries belong together by their name."""
    there = {_name(one): one for one in running}
    for one in code:
        name = _name(one)
        if name in there:
            yield from _differences(f"{place}[{name}]", one, there[name])
        else:
            yield Difference(f"{place}[{name}]", _told(one), "")
    if place.rpartition(".")[2] in _CLOSED:
        for name in there.keys() - {_name(one) for one in code}:
            yield Difference(f"{place}[{name}]", "", _told(there[name]))


def _name(one: Mapping[str, Any]) -> str:
    return next((str(one[name]) for name in _NAMES if one.get(name)), "")


def _comparable(value: Any) -> Any:
    """Lists of plain values have no order here; a setting that is itself JSON is compared as what it says."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list):
        return sorted(json.dumps(_comparable(one), sort_keys=True) for one in value)
    return value if value not in ("", []) else None


def _told(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
