"""The moves of a slice, driven by the verbs that make them.

What a table of moves allows is done and has its event; everything else is refused with code and article, or is not done where the
worker does it, and leaves nothing but decision and audit row behind. Whoever lacks the permission does not get that far.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

import services.models  # noqa: F401 - every table is known
from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.tables import metadata
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from shared.policy import load_pack
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from shared.workflow import Move, Moves
from tenants.packs import article_of
from tenants.permissions import ROLES
from tests.architecture.moves import BESIDE, BY_WORKER, HIDDEN
from tests.architecture.routes import handlers
from tests.web import Site
from tests.world import REGION, World

Verb = Callable[[Transaction, UUID], Awaitable[Any]]
# What a refused act leaves: its decision and its row in the log, with what chains them; and the row that locks the ledger.
_LEFT = {"decision", "audit_entry", "audit_head", "audit_seal", "audit_checkpoint", "ledger_counter"}
_ASKED = (
    "select 'task_queue', count(*)::text from app.task_queue where message ->> 'actor_name' <> 'seal_audit' "
    "and message -> 'kwargs' ->> 'tenant' = any(:told)"
)


@dataclass(frozen=True)
class Around:
    """What arranging a case may need."""

    world: World
    site: Site
    objects: ObjectStore


Acting = Callable[[Around], AbstractAsyncContextManager[Transaction]]


def as_role(role: str, tenant: str = "university", kind: str = "institution", **when: Any) -> Acting:
    """Somebody of one of the world's organisations who holds a role."""
    return lambda around: around.world.acting(getattr(around.world, tenant), role, kind, **when)


def as_worker(**when: Any) -> Acting:
    return lambda around: around.world.working(around.world.university, **when)


@dataclass(frozen=True)
class Act:
    """How one move is made: by whom, and with which verb.

    Moves of one ``kin`` are one verb, which chooses among them by the state. ``ready`` brings what a move needs besides its
    state, told which; ``arrange`` another case than the machine's. ``by_rule`` says that a rule of the pack answers before the
    table does. A ``born`` move makes the case itself: to arrange one is to make it.
    """

    verb: Verb
    by: Acting
    kin: str = ""
    ready: Callable[[Around, UUID, str], Awaitable[None]] | None = None
    arrange: Callable[[Around, str], Awaitable[UUID]] | None = None
    by_rule: bool = False
    born: bool = False


@dataclass(frozen=True)
class Machine:
    """``arrange`` makes a case, as near to a state as verbs bring it; ``stands`` are columns that go with a state."""

    moves: Moves
    arrange: Callable[[Around, str], Awaitable[UUID]]
    acts: Mapping[str, Act]
    stands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def cells(machines: Iterable[Machine]) -> list[Any]:
    """Every state of every machine."""
    return [
        pytest.param(one, state, id=f"{one.moves.case_kind}-{state}") for one in machines for state in one.moves.states
    ]


def legal(machines: Iterable[Machine]) -> list[Any]:
    """Every move from every state that allows it."""
    return [
        pytest.param(one, move.name, state, id=f"{one.moves.case_kind}-{state}-{move.name}")
        for one in machines
        for state in one.moves.states
        for move in one.moves.moves
        if state in move.sources
    ]


def permissions(machines: Iterable[Machine]) -> list[str]:
    """What the moves that people make are guarded by."""
    return sorted(
        {
            move.permission
            for one in machines
            for move in one.moves.moves
            if (one.moves.case_kind, move.name) not in BY_WORKER
        }
    )


async def brought_to(around: Around, machine: Machine, state: str, act: Act | None = None) -> UUID:
    """A case in a state; how it comes there is told by the tests of its verbs."""
    arrange = (act.arrange if act is not None else None) or machine.arrange
    case_id, table = await arrange(around, state), machine.moves.table
    if act is not None and act.born:
        return case_id
    async with around.world.maintenance.begin() as connection:
        await connection.execute(
            update(table).where(table.c.id == case_id).values(state=state, **machine.stands.get(state, {}))
        )
    return case_id


async def state_of(around: Around, machine: Machine, case_id: UUID) -> str:
    table = machine.moves.table
    async with around.world.maintenance.connect() as connection:
        found = await connection.scalar(select(table.c.state).where(table.c.id == case_id))
    return str(found)


@cache
def _contents() -> str:
    """What every table holds of a province and its organisations, as one hash each."""
    lines = [_ASKED]
    for table in metadata.sorted_tables:
        scope = table.info["scope"]
        if table.name in _LEFT or scope == "local" or not {"tenant_id", "province_id"} & set(table.c.keys()):
            continue
        whose = "t.tenant_id = any(:tenants)" if scope == "tenant" else "t.province_id = :province"
        contents = "md5(coalesce(string_agg(t::text, '' order by t::text), ''))"
        lines.append(f"select '{table.name}', {contents} from app.{table.name} t where {whose}")
    return " union all ".join(lines)


def organisations(world: World) -> list[UUID]:
    return [
        world.science, world.department, world.other_department, world.finance, world.operator, world.university,
        world.institute, world.hospital, world.enterprise,
    ]  # fmt: skip


async def everything(world: World) -> dict[str, str]:
    """What stands in the database of a world, but for decisions and the log."""
    tenants = organisations(world)
    values = {"tenants": tenants, "told": [str(one) for one in tenants], "province": world.province_id}
    async with world.maintenance.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(_contents()), values)}


async def refused_everything_else(around: Around, machine: Machine, state: str) -> None:
    """Try every move that the state does not allow: each is refused, and nothing is changed by any of them."""
    kind = machine.moves.case_kind
    own_kin = {machine.acts[one.name].kin for one in machine.moves.moves if state in one.sources} - {""}
    case_id = await brought_to(around, machine, state)
    for act in machine.acts.values():
        async with act.by(around):
            pass  # whoever acts is known before
    before = await everything(around.world)
    refused, tried = -await _refusals(around), 0
    for move in machine.moves.moves:
        act = machine.acts[move.name]
        if state in move.sources or act.kin in own_kin or (kind, move.name) in BESIDE:
            continue
        if state in HIDDEN.get((kind, move.name), ()):
            with pytest.raises(NotFound):
                async with act.by(around) as tx:
                    await act.verb(tx, case_id)
            continue
        async with act.by(around) as tx:
            done = await act.verb(tx, case_id)
        if (kind, move.name) in BY_WORKER:
            assert not done, move.name
            continue
        is_refusal(done, machine.moves, act, move.name, state)
        tried += 1
    after = await everything(around.world)
    changed = [name for name, told in after.items() if told != before[name]]
    assert not changed, f"a refused move changed {changed}"
    assert refused + await _refusals(around) >= tried, "each has its row in the log"


def is_refusal(done: Any, moves: Moves, act: Act, name: str, state: str) -> None:
    """A refusal with its code, the article where a text speaks of the step, and what was judged."""
    assert isinstance(done, Refusal), (name, done)
    by_rule = act.by_rule and done.code != "state.stale"
    if by_rule or article_of(load_pack(REGION), moves.articles_of(name)) is not None:
        assert done.citation is not None, (name, done)
        assert done.citation.article, name
    if not act.by_rule:
        assert (done.code, done.status, done.inputs.get("state")) == ("state.stale", 409, state), (name, done)


async def _refusals(around: Around) -> int:
    told = select(func.count()).where(
        audit_entry.c.tenant_id.in_(organisations(around.world)), audit_entry.c.outcome == "refused"
    )
    async with around.world.maintenance.connect() as connection:
        return int(await connection.scalar(told) or 0)


async def done_as_told(around: Around, machine: Machine, name: str, state: str) -> None:
    """Make a move from a state that allows it: the case is where the table says, and event and log say how it came there."""
    allowed, act = machine.moves.named(name), machine.acts[name]
    case_id = await brought_to(around, machine, state, act)
    if act.ready is not None:
        await act.ready(around, case_id, state)
    if not act.born:
        async with act.by(around) as tx:
            done = await act.verb(tx, case_id)
        assert not isinstance(done, Refusal), done
    reached = await state_of(around, machine, case_id)
    assert reached in _reached(allowed), reached
    async with around.world.maintenance.connect() as connection:
        events = await connection.execute(
            select(workflow_event.c.from_state, workflow_event.c.to_state).where(
                workflow_event.c.case_kind == machine.moves.case_kind,
                workflow_event.c.case_id == case_id,
                workflow_event.c.event == allowed.event,
            )
        )
        assert (state, reached) in {tuple(one) for one in events}, "its event"
        actions = await connection.scalars(
            select(audit_entry.c.action).where(audit_entry.c.object_id == case_id, audit_entry.c.outcome == "done")
        )
        assert f"{machine.moves.case_kind}.{name}" in set(actions), "its row in the log"


def _reached(allowed: Move) -> set[str]:
    return {allowed.target, *allowed.onward}


async def guarded(site: Site, world: World, permission: str) -> None:
    """Whoever lacks the permission is told 403, another kind of user 404, nobody signs in by it; whatever the case's state."""
    audience = permission.partition(":")[0]
    addresses = [
        _filled(address)
        for address, methods, handler in handlers(site.app)
        if handler.opt.get("permission") == permission and "POST" in methods and address.startswith(f"/{audience}")
    ]
    assert addresses, "nobody can make the move"
    inside = [
        await site.signed_in(world, _tenant(world, role.audience), role.code, kind=role.audience)
        for role in _lacking(audience, permission)
    ]
    outside = [
        await site.signed_in(world, _tenant(world, kind), role, kind=kind)
        for kind, role in (
            ("institution", "clerk"), ("science", "science_officer"), ("department", "department_officer"),
            ("operator", "operator"),
        )
        if kind != audience and ((kind == "institution") != (audience == "institution") or "operator" in (kind, audience))
    ]  # fmt: skip
    for address in addresses:
        for visitor in inside:
            assert (await visitor.client.post(address)).status_code == 403, address
        for visitor in outside:
            assert (await visitor.client.post(address)).status_code == 404, address
        assert (await site.anonymous().client.post(address)).status_code == 401, address


def _filled(address: str) -> str:
    """An address of nothing that there is."""
    named = re.sub(r"\{(\w+):\w+\}", r"{\1}", address)
    numbered = re.sub(r"\{(year|ordinal)\}", "2025", re.sub(r"\{\w+_id\}", str(new_id()), named))
    return re.sub(r"\{\w+\}", "revoke", numbered)


def _tenant(world: World, kind: str) -> UUID:
    return world.university if kind == "institution" else UUID(str(getattr(world, kind)))


def _lacking(audience: str, permission: str) -> list[Any]:
    """One role of each kind of organisation of the audience that does not hold the permission."""
    consoles = ("science", "department", "finance")
    kinds = ("institution",) if audience == "institution" else () if audience == "operator" else consoles
    found = {
        kind: next((one for one in ROLES.values() if one.audience == kind and permission not in one.permissions), None)
        for kind in kinds
    }
    return [one for one in found.values() if one is not None]


Test = Callable[..., Awaitable[None]]


def driven(machines: Mapping[str, Machine]) -> tuple[Test, Test, Test]:
    """The tests of a slice: what a state does not allow, what it allows, who may ask for it at all."""

    @pytest.mark.parametrize(("machine", "state"), cells(machines.values()))
    async def refused(site: Site, world: World, configuration: Settings, machine: Machine, state: str) -> None:
        await refused_everything_else(Around(world, site, ObjectStore(configuration)), machine, state)

    @pytest.mark.parametrize(("machine", "name", "state"), legal(machines.values()))
    async def done(site: Site, world: World, configuration: Settings, machine: Machine, name: str, state: str) -> None:
        await done_as_told(Around(world, site, ObjectStore(configuration)), machine, name, state)

    @pytest.mark.parametrize("permission", permissions(machines.values()))
    async def asked(site: Site, world: World, permission: str) -> None:
        await guarded(site, world, permission)

    return refused, done, asked
