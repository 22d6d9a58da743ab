"""Further people of a demo: those of provinces and institutions that somebody opened with `chengguo province|tenant create`.

They stand in `people.json` in the provider's key folder, read anew for each sign-in page:
`[{"username", "name", "kind", "unit", "roles", "province", "organisation": {"alias", "name", "tenant"}}]`, where alias and
tenant are what those commands print.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec

from deploy.demo.organisations import Organisation
from deploy.demo.people import Person
from deploy.demo.provinces import DemoProvince
from shared.ids import NIL

FILE = "people.json"


@dataclass(frozen=True, slots=True)
class Place(Organisation):
    """An organisation that was opened by command: its id is what the command printed."""

    tenant: UUID = NIL

    @property
    def tenant_id(self) -> UUID:
        return self.tenant


@dataclass(frozen=True, slots=True)
class Guest(Person):
    """Somebody of such an organisation."""

    place: Place = Place("", "", "", "institution")

    @property
    def home(self) -> Organisation:
        return self.place


class _Organisation(msgspec.Struct, forbid_unknown_fields=True):
    alias: str
    name: str
    tenant: UUID


class _Person(msgspec.Struct, forbid_unknown_fields=True):
    username: str
    name: str
    roles: list[str]
    province: str
    organisation: _Organisation
    kind: str = ""
    unit: str = ""


def guests(folder: Path) -> list[tuple[str, Guest]]:
    """(name of the province, person) in the order of the file; none without a file.

    Raises msgspec.ValidationError or DecodeError for a file that is not such a list.
    """
    try:
        text = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return []
    return [(one.province, _guest(one)) for one in msgspec.json.decode(text, type=list[_Person])]


def _guest(one: _Person) -> Guest:
    home = one.organisation
    place = Place(home.alias, home.name, home.name, "institution", region="", tenant=home.tenant)
    return Guest(one.username, one.name, home.alias, tuple(one.roles), one.kind, one.unit, place=place)


def guest_named(folder: Path, username: str) -> Guest | None:
    return next((person for _, person in guests(folder) if person.username == username), None)


def guest_groups(folder: Path) -> list[tuple[DemoProvince, list[tuple[Organisation, list[Person]]]]]:
    """The further people by province and organisation, as the sign-in page groups everybody."""
    found: dict[str, dict[str, tuple[Organisation, list[Person]]]] = {}
    for province, person in guests(folder):
        of = found.setdefault(province, {})
        of.setdefault(person.organisation, (person.home, []))[1].append(person)
    return [
        (
            DemoProvince("", f"guests-{number}", name, name, "enforced", number, date.min, "", "", ""),
            list(organisations.values()),
        )
        for number, (name, organisations) in enumerate(found.items(), start=1)
    ]
