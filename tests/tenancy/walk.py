"""The walk: every route, every caller, own objects and everybody else's; ``walk.txt`` is the reviewed copy of what came of it.

``python -m tests.tenancy.walk`` walks and writes the file anew: read the difference before you commit it.
"""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import httpx

from tenants.permissions import AUDIENCE_OF_KIND, permissions_of
from tests.tenancy.grounds import FAR, OTHER, OWN, Caller, Grounds
from tests.tenancy.grounds.addresses import Route, routes
from tests.tenancy.grounds.asking import Asking, plain
from tests.tenancy.grounds.unit import ROLES

SNAPSHOT = Path(__file__).parent / "walk.txt"
ANONYMOUS = "anonymous"
AUDIENCES = {
    "institution": "institution",
    "training": "institution",
    "science": "console",
    "department": "console",
    "finance": "console",
    "agency": "console",
    "operator": "operator",
}
# Whose objects are none of a caller's business. An authority's province has institutions that are not under it: what of
# theirs it may see is said in the table.
FOREIGN = {
    "institution": (OTHER, FAR),
    "training": (OWN, OTHER, FAR),
    "department": (OTHER, FAR),
    "agency": (OTHER, FAR),
    "science": (FAR,),
    "finance": (FAR,),
    "operator": (FAR,),
}
_HEAD = """\
# What every route answers to every caller: own object, another institution's of the same province and another department
# (other), one of another province (far); with an own object outside and another's within (within), with another's outside and
# an own one within (around). For an authority, own is an institution under it. A line with one number: whoever's it is.
# "in" leads to the sign-in. Groups: institution = {institution}; console = {console}; operator.
# Written by: python -m tests.tenancy.walk
"""
GROUPS = {
    "institution": [*ROLES, "no_role", "integration", "training"],
    "console": ["science_officer", "science_head", "expert", "department_officer", "finance_officer", "agency"],
    "operator": ["operator"],
}
Cells = str
Table = dict[str, dict[str, Cells]]


class Walk:
    """One caller's walk: what each route answered, and what must not have been."""

    def __init__(self, grounds: Grounds, asking: Asking) -> None:
        self.grounds = grounds
        self.asking = asking
        self.caller = asking.caller
        self.breaches: list[str] = []
        self.marks = grounds.foreign_marks(self.caller) if self.caller else list(grounds.marks.values())

    async def run(self, names: Collection[str] = ()) -> dict[str, Cells]:
        """Ask every route, or the named ones; the cells by the name of the route."""
        asked = [one for one in routes(self.grounds.site.app) if not names or one.name in names]
        return {route.name: await self._asked(route) for route in asked}

    @property
    def kind(self) -> str:
        """The kind of the caller's organisation."""
        return self.caller.kind if self.caller is not None else ANONYMOUS

    @property
    def audience(self) -> str:
        return self.audience_of(self.caller)

    def may_ask(self, route: Route) -> bool:
        """Whether the caller gets as far as the route's handler."""
        return self._is_at_home(route) and self._holds(route)

    def audience_of(self, caller: Caller | None) -> str:
        return AUDIENCES[caller.kind] if caller is not None else ANONYMOUS

    async def _asked(self, route: Route) -> Cells:
        own = self.ids_of(OWN, route)
        first, seen = await self._answer(route, own, OWN)
        if not route.parts or not self._is_at_home(route):
            return seen
        nothing = {**own, **{kind: never_was(kind) for _, kind in route.parts}}
        # the guard looks at no id: what it refuses for the own one, it refuses for every one
        refused = not self._holds(route)
        wanted, never = (first, seen) if refused else await self._answer(route, nothing, "never was")
        if self._is_strange_at_home(route) and plain(first, own) != plain(wanted, nothing):
            self._breach(route, f"own: differs from an id that does not exist ({seen})")
        cells = {OWN: seen}
        for label, ids in self._variants(route, own):
            answer, cells[label] = await self._answer(route, ids, label)
            if self._is_foreign(label if label in (OTHER, FAR) else self._beside(route)):
                if plain(answer, ids) != plain(wanted, own if refused else nothing):
                    self._breach(route, f"{label}: differs from an id that does not exist ({cells[label]}, {never})")
                if cells[label] not in ("403", "404"):
                    self._breach(route, f"{label}: {cells[label]}")
            if refused:
                break
        return cells[OWN] if len(set(cells.values())) == 1 else " ".join(f"{k} {v}" for k, v in cells.items())

    def _holds(self, route: Route) -> bool:
        """Whether the caller's roles hold the route's permission; a public route asks for none."""
        if self.caller is None or route.audience == "public" or ":self:" in route.permission:
            return True
        kind = "institution" if route.audience == "institution" else AUDIENCE_OF_KIND[self.caller.kind]
        return route.permission in permissions_of(self.caller.roles, kind)

    def _is_strange_at_home(self, route: Route) -> bool:
        """Whether even the first institution's objects are none of the caller's business: those of who practises."""
        own_things = {"session"} & {kind for _, kind in route.parts}
        return self._is_foreign(OWN) and route.audience != "public" and not own_things

    def _is_at_home(self, route: Route) -> bool:
        """Whether the caller gets past the door of the route's audience."""
        audience = self.audience_of(self.caller)
        return route.audience in (audience, "public") or (route.audience == "api" and audience == "institution")

    def _is_foreign(self, owner: str) -> bool:
        return owner in (FOREIGN[self.caller.kind] if self.caller is not None else (FAR,))

    def _variants(self, route: Route, own: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """(label, ids): strangers' objects in every place, and beside own ones."""
        kinds = [kind for _, kind in route.parts]
        for owner in (OTHER, FAR):
            theirs = {**own, **{kind: self.ids_of(owner, route)[kind] for kind in kinds}}
            if theirs == own:
                continue
            yield owner, theirs
            if owner == self._beside(route) and len(kinds) > 1 and theirs[kinds[-1]] != own[kinds[-1]]:
                yield "within", {**own, kinds[-1]: theirs[kinds[-1]]}
                yield "around", {**theirs, kinds[-1]: own[kinds[-1]]}

    @staticmethod
    def _beside(route: Route) -> str:
        """Whose objects stand beside own ones: an authority shares its province's with nobody but another province."""
        return FAR if route.audience in ("console", "public") else OTHER

    def ids_of(self, owner: str, route: Route) -> dict[str, str]:
        """Kind to id for one owner, as this caller's own things are."""
        ids = dict(self.grounds.ids[owner])
        caller = self.caller
        if caller is not None and caller.kind in ("science", "department", "finance"):
            ids["submission"] = ids[f"submission:{caller.kind}"]
        ids.setdefault("submission", ids["submission:department"])
        ids["session"] = self.grounds.sessions[owner]
        if owner == OWN and caller is not None:
            ids["session"] = self.asking.own_session
            ids["message"] = self.grounds.messages.get(caller.organisation, ids["message"])
        return ids

    async def _answer(self, route: Route, ids: Mapping[str, str], owner: str) -> tuple[httpx.Response, Cells]:
        answer = await self.asking.ask(route, ids)
        if answer.status_code >= 500:
            self._breach(route, f"{owner}: {answer.status_code}")
        told = answer.text + str(answer.headers.raw)
        for mark in self.marks:
            if mark in told:
                self._breach(route, f"{owner}: tells of another ({mark})")
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
        return answer, "in" if to_sign_in else str(answer.status_code)

    def _breach(self, route: Route, what: str) -> None:
        name = self.caller.name if self.caller else ANONYMOUS
        self.breaches.append(f"{name}: {route.name}: {what}")


def never_was(kind: str) -> str:
    """An id of this kind that nothing has."""
    if kind == "session":
        return uuid4().hex * 2
    if kind in ("code", "draft_code"):
        return f"CS-FQ-9{uuid4().int % 100:02}"  # as long as those that are: the address stands on the page
    return str(uuid4())


# -- the reviewed table ------------------------------------------------------------------------------------------------


def written(table: Table, groups: Mapping[str, Iterable[str]], permissions: Mapping[str, str]) -> str:
    """The table as text: a route, then what it answers and to whom."""
    head = {name: ", ".join(members) for name, members in groups.items()}
    lines = [_HEAD.format(**head)]
    for route, by_caller in table.items():
        lines.append(f"\n{route}  [{permissions[route]}]")
        answers: dict[Cells, list[str]] = defaultdict(list)
        for caller, cells in by_caller.items():
            answers[cells].append(caller)
        for cells, callers in answers.items():
            lines.append(f"  {cells}: {', '.join(_grouped(callers, groups))}")
    return "\n".join(lines) + "\n"


def _grouped(callers: list[str], groups: Mapping[str, Iterable[str]]) -> list[str]:
    named = []
    for name, members in groups.items():
        if set(members) <= set(callers):
            named.append(name)
            callers = [one for one in callers if one not in set(members)]
    return named + callers


def read(text: str, groups: Mapping[str, Iterable[str]]) -> Table:
    """The table of a text, caller by caller."""
    table: Table = {}
    route = ""
    for line in text.splitlines():
        if line.startswith("  "):
            cells, _, callers = line.strip().partition(": ")
            for name in callers.split(", "):
                for caller in groups.get(name, (name,)):
                    table[route][caller] = cells
        elif line and not line.startswith("#"):
            route = line.partition("  [")[0]
            table[route] = {}
    return table


def differences(name: str, cells: Mapping[str, Cells]) -> list[str]:
    """Where a caller was answered otherwise than the reviewed table says, of the routes that were asked."""
    table = read(SNAPSHOT.read_text("utf-8"), GROUPS)
    return [
        f"{name}: {route}: {table.get(route, {}).get(name)} → {cell}"
        for route, cell in cells.items()
        if table.get(route, {}).get(name) != cell
    ]


def main() -> int:
    tests = ["tests/tenancy/test_walk.py", "-q", "-x", "-p", "no:randomly"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *tests], env={**os.environ, "CHENGGUO_WRITE_WALK": "1"}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
