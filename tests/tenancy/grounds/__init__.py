"""The grounds that isolation is tried on: two provinces, three institutions with one object of every kind, every authority.

``own`` is the institution that the callers belong to, or that is under the authority that calls; ``other`` is another
institution of the same province under another department; ``far`` is one of another province.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.ids import token_hash
from tests.tenancy.grounds.province import arrange_province, forward, new_organisation, tell
from tests.tenancy.grounds.unit import ROLES, Ids, arrange_unit
from tests.web import Site, Visitor
from tests.world import World, make_world

OWN, OTHER, FAR = OWNERS = ("own", "other", "far")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who signs in: a role of an organisation; ``owner`` says whose people an institution's are."""

    name: str
    kind: str
    organisation: UUID
    roles: tuple[str, ...]
    world: World
    owner: str = OWN


@dataclass(slots=True)
class Grounds:
    """Who there is, and by owner the ids of one object of every kind."""

    site: Site
    worlds: dict[str, World]
    units: dict[str, UUID]
    marks: dict[str, str]
    ids: dict[str, Ids]
    agency: UUID
    training: UUID
    messages: dict[UUID, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    visitors: dict[tuple[UUID, str], Visitor] = field(default_factory=dict)

    @property
    def home(self) -> World:
        return self.worlds[OWN]

    def callers(self) -> list[Caller]:
        """Everybody of the first province, by the name of the role; an institution's people are those of ``own``."""
        home = self.home
        authorities = (
            ("science_officer", "science", home.science),
            ("science_head", "science", home.science),
            ("expert", "science", home.science),
            ("department_officer", "department", home.department),
            ("finance_officer", "finance", home.finance),
            ("agency", "agency", self.agency),
            ("operator", "operator", home.operator),
        )
        return [
            *self.people(OWN, "no_role", "integration"),
            Caller("training", "training", self.training, ("clerk",), home),
            *(Caller(role, kind, organisation, (role,), home) for role, kind, organisation in authorities),
        ]

    def people(self, owner: str, *more: str) -> list[Caller]:
        """Everybody of one of the three institutions."""
        world, unit = self.worlds[owner], self.units[owner]
        return [Caller(role, "institution", unit, (role,), world, owner) for role in (*ROLES, *more)]

    def caller(self, name: str) -> Caller:
        return next(one for one in self.callers() if one.name == name)

    async def visitor(self, caller: Caller) -> Visitor:
        """The caller's live session; made once."""
        known = self.visitors.get((caller.organisation, caller.name))
        if known is None:
            known = await self.site.signed_in(caller.world, caller.organisation, *caller.roles, kind=caller.kind)
            self.visitors[caller.organisation, caller.name] = known
        return known

    def foreign_marks(self, caller: Caller) -> list[str]:
        """The markers that the caller must never meet."""
        if caller.kind == "institution":
            return [mark for owner, mark in self.marks.items() if owner != caller.owner]
        if caller.kind in ("department", "agency"):
            return [self.marks[OTHER], self.marks[FAR]]
        return [self.marks[FAR]] if caller.kind in ("science", "finance") else list(self.marks.values())


async def arrange(site: Site, maintenance: AsyncEngine, web: AsyncEngine, tasks: AsyncEngine) -> Grounds:
    """Make the grounds; some seconds."""
    home, abroad = [await make_world(maintenance, web, tasks) for _ in range(2)]
    worlds = {OWN: home, OTHER: replace(home, department=home.other_department), FAR: abroad}
    units = {OWN: home.university, OTHER: home.hospital, FAR: abroad.university}
    marks = {owner: f"mk{unit.hex[-10:]}" for owner, unit in units.items()}
    agencies = {owner: await new_organisation(worlds[owner], "agency", f"技术转移公司（{owner}）") for owner in OWNERS}
    provinces = {owner: await arrange_province(world) for owner, world in ((OWN, home), (FAR, abroad))}
    provinces[OTHER] = provinces[OWN]
    ids: dict[str, Ids] = {}
    for owner, unit in units.items():
        world = worlds[owner]
        made = await arrange_unit(world, site, unit, marks[owner], agencies[owner], provinces[owner])
        sent = await forward(world, world.department, UUID(made["submission:department"]))
        ids[owner] = {**provinces[owner], **made, **sent, "tenant": str(unit), "membership": await _pilot(world, unit)}
    training = await new_organisation(home, "training", "练习单位", home.department)
    grounds = Grounds(site, worlds, units, marks, ids, agencies[OWN], training)
    for kind, organisation in (
        ("console", home.science), ("console", home.department), ("console", home.finance), ("console", agencies[OWN]),
        ("operator", home.operator),
    ):  # fmt: skip
        grounds.messages[organisation] = await tell(home, organisation, f"{kind}:home:read")
    for owner, unit in units.items():
        theirs = await site.signed_in(worlds[owner], unit, "clerk")
        grounds.sessions[owner] = reference_of(str(theirs.client.cookies["chengguo"]))
    return grounds


def reference_of(token: str) -> str:
    """What a session is called in lists: a hash of what is stored of its token."""
    return sha256(token_hash(token)).hexdigest()


async def _pilot(world: World, unit: UUID) -> str:
    async with world.maintenance.connect() as connection:
        query = text("select id from app.pilot_membership where tenant_id = :t order by guideline limit 1")
        return str(await connection.scalar(query, {"t": unit}))
