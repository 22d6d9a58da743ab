"""Every state × move × audience of the ledger, as the tables in its README say: done, or refused with code and article."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from services.ledger import export, workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.bulk.models import ledger_batch
from services.ledger.bulk.queries import chosen_rows
from services.ledger.claiming import workflow as claiming
from services.ledger.disclosure import workflow as disclosure
from services.ledger.disclosure.models import disclosure as disclosures
from services.ledger.entry import Deal
from services.ledger.importing import undoing
from services.ledger.importing import workflow as importing
from services.ledger.listing import Filters
from services.ledger.losses import workflow as losses
from services.ledger.losses.models import right_handover
from services.ledger.models import achievement
from services.ledger.ownership import workflow as ownership
from services.ledger.screening import workflow as screening
from services.ledger.stages import workflow as stages
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import new_id
from shared.policy import load_pack
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from shared.workflow import Moves, move, refuse
from tenants.packs import article_of
from tenants.permissions import ROLES
from tests.architecture.moves import MACHINES
from tests.architecture.routes import handlers
from tests.services.ledger.claiming.test_claiming import claimed, named_in_the_ledger
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.ledger.importing import arranging as imports
from tests.services.ledger.losses.test_losses import CHECKS, LOST
from tests.services.ledger.rights.test_right_pages import NUMBER, recorded
from tests.services.ledger.screening import test_screening as rounds
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import REGION, START, World

TODAY = START.date()
Verb = Callable[[Transaction, UUID], Awaitable[Any]]


@dataclass(frozen=True)
class Around:
    """What arranging a case may need."""

    world: World
    site: Site
    objects: ObjectStore


@dataclass(frozen=True)
class Machine:
    """``arrange`` makes a case and says by whom its moves are made; a move without a verb here is a task's or is made by
    another audience, and is tried by the table itself.
    """

    moves: Moves
    arrange: Callable[[Around], Awaitable[UUID]]
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    role: str = "clerk"


async def _achievement(around: Around) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        return await registered(tx)


async def _disclosure(around: Around) -> UUID:
    visitor = await around.site.signed_in(around.world, around.world.university)
    edit = await begun(visitor)
    assert (await visitor.post(edit, FORM)).status_code == 303
    return UUID(edit.split("/")[-2])


async def _submit(tx: Transaction, case_id: UUID) -> Any:
    row = await tx.row(select(disclosures).where(disclosures.c.id == case_id))
    assert row is not None
    names = ("name", "type", "technical_field", "form", "stage", "market_prospect", "funding", "evidence")
    return await disclosure.submit(tx, case_id, {name: getattr(row, name) for name in names}, [("测试甲", None)])


async def _import(around: Around) -> UUID:
    return await imports.checked(around.world, around.world.university, around.objects, imports.ledger())


async def _claim(around: Around) -> UUID:
    completer, _ = await named_in_the_ledger(around.world)
    return await claimed(around.world, completer)


async def _handover(around: Around) -> UUID:
    row_id = await recorded(around.world)
    async with around.world.acting(around.world.university) as tx:
        done = await losses.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
    assert isinstance(done, UUID)
    return done


async def _receive(tx: Transaction, case_id: UUID) -> Any:
    table = right_handover
    row_id = await tx.scalar(select(table.c.achievement_id).where(table.c.id == case_id))
    return await losses.receive(tx, row_id, case_id, "转销")


async def _round(around: Around) -> UUID:
    await rounds.planned(around.world)
    return await rounds.begun(around.world)


async def _batch(around: Around) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        rows = await chosen_rows(tx, [await registered(tx)])
        planned = await bulk.plan(tx, rows, {"college": "林学院"}, TODAY)
        done = await bulk.apply(tx, planned, bulk.seal_of(planned), {"college": "林学院"}, since=TODAY, reason="调整")
        assert done == 1
        found: UUID = await tx.scalar(select(ledger_batch.c.id).where(ledger_batch.c.tenant_id == tx.tenant_id))
    return found


async def _export(around: Around) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        return await export.request_export(tx, Filters(), "-number")


def _correct(tx: Transaction, case_id: UUID) -> Awaitable[Any]:
    return workflow.correct(tx, case_id, {"remark": "x"}, since=TODAY, reason="更正")


LEDGER: Mapping[str, Machine] = {
    "achievement": Machine(
        workflow.MOVES,
        _achievement,
        {
            "correct": _correct,
            "record_conversion": lambda tx, one: workflow.record_conversion(tx, one, Deal(mode="licence", amount=1)),  # type: ignore[arg-type]
            "record_stage": lambda tx, one: stages.record_criteria(tx, one, {}, reason="核对"),
            "record_ownership": lambda tx, one: ownership.record_ownership(tx, one, [], since=TODAY, reason="核对"),
            "quarantine": lambda tx, one: workflow.quarantine(tx, one, "疑似"),
            "release": lambda tx, one: workflow.release(tx, one, "不涉密"),
            "revoke": lambda tx, one: workflow.revoke(tx, one, "重复"),
        },
    ),
    "disclosure": Machine(
        disclosure.MOVES,
        _disclosure,
        {
            "submit": _submit,
            "withdraw": disclosure.withdraw,
            "return": lambda tx, one: disclosure.return_for_correction(tx, one, {"name": "不全"}),
            "register": disclosure.register,
        },
    ),
    "import": Machine(
        importing.MOVES,
        _import,
        {
            "confirm": lambda tx, one: importing.confirm(tx, one, date(2025, 12, 31)),
            "cancel": importing.cancel,
            "undo": lambda tx, one: undoing.undo(tx, one, "导错"),
        },
    ),
    "person_claim": Machine(
        claiming.MOVES,
        _claim,
        {name: lambda tx, one, name=name: claiming.decide(tx, one, name) for name in ("confirm", "decline", "end")},  # type: ignore[misc]
    ),
    "right_handover": Machine(losses.MOVES, _handover, {"receive": _receive}, "finance"),
    "screening_round": Machine(
        screening.MOVES,
        _round,
        {"close": lambda tx, one: screening.close_round(tx, one, "没有问题")},
        "department_head",
    ),
    "achievement_batch": Machine(bulk.MOVES, _batch, {"undo": bulk.undo}),
    "export": Machine(export.MOVES, _export),
}
CELLS = [pytest.param(one, state, id=f"{kind}-{state}") for kind, one in LEDGER.items() for state in one.moves.states]
LEGAL = [
    pytest.param(one, move.name, state, id=f"{kind}-{state}-{move.name}")
    for kind, one in LEDGER.items()
    for state in one.moves.states
    for move in one.moves.moves
    if state in move.sources
]
# Made by an agency, in its own tenant: tests/services/ledger/helping.
ELSEWHERE = {"agency_task"}


def test_every_machine_of_the_ledger_is_tried() -> None:
    told = {moves.case_kind for _, moves in MACHINES["ledger"]}
    assert told - ELSEWHERE == {one.moves.case_kind for one in LEDGER.values()}


@pytest.fixture
def around(world: World, site: Site, configuration: Settings) -> Around:
    return Around(world, site, ObjectStore(configuration))


async def brought_to(around: Around, machine: Machine, state: str) -> UUID:
    """A case, put into a state; how it came there is told by the tests of its verbs."""
    case_id = await machine.arrange(around)
    table = machine.moves.table
    async with around.world.maintenance.begin() as connection:
        await connection.execute(update(table).where(table.c.id == case_id).values(state=state))
    return case_id


async def state_of(tx: Transaction, machine: Machine, case_id: UUID) -> str:
    table = machine.moves.table
    found: str = await tx.scalar(select(table.c.state).where(table.c.tenant_id == tx.tenant_id, table.c.id == case_id))
    return found


async def made(tx: Transaction, machine: Machine, case_id: UUID, name: str, state: str) -> Any:
    verb = machine.verbs.get(name)
    if verb is not None:
        return await verb(tx, case_id)
    stopped = await move(tx, machine.moves, case_id, name, state)
    return await refuse(tx, stopped, name, machine.moves.case_kind, case_id) if stopped is not None else None


@pytest.mark.parametrize(("machine", "state"), CELLS)
async def test_what_a_state_does_not_allow_is_refused_with_code_and_article(
    around: Around, machine: Machine, state: str
) -> None:
    wanted = article_of(load_pack(REGION), machine.moves.articles)
    forbidden = [one.name for one in machine.moves.moves if state not in one.sources]
    case_id = await brought_to(around, machine, state)
    async with around.world.acting(around.world.university, machine.role) as tx:
        for name in forbidden:
            done = await made(tx, machine, case_id, name, state)
            assert isinstance(done, Refusal), name
            assert (done.code, done.status) == ("state.stale", 409), name
            assert wanted is not None
            assert done.citation is not None, name
            assert (done.citation.article, done.citation.quote) == (wanted.article, wanted.quote), name
            assert done.inputs["state"] == state, name
            assert await state_of(tx, machine, case_id) == state, name


@pytest.mark.parametrize(("machine", "name", "state"), LEGAL)
async def test_what_a_state_allows_is_done(around: Around, machine: Machine, name: str, state: str) -> None:
    allowed, world = machine.moves.named(name), around.world
    case_id = await brought_to(around, machine, state)
    role = "completer" if machine.moves is claiming.MOVES and name == "withdraw" else machine.role
    async with world.acting(world.university, role) as tx:
        done = await made(tx, machine, case_id, name, state)
        assert not isinstance(done, Refusal), done
        assert await state_of(tx, machine, case_id) in {allowed.target, *allowed.onward}


@pytest.mark.parametrize("permission", sorted({one.permission for m in LEDGER.values() for one in m.moves.moves}))
async def test_every_audience_meets_its_guard_before_any_state(site: Site, world: World, permission: str) -> None:
    """Whoever lacks the permission is told 403, another audience 404, nobody signs in by it; whatever the case's state."""
    addresses = [
        address.replace(":uuid", "").replace(":str", "").replace(":int", "")
        for address, methods, handler in handlers(site.app)
        if handler.opt.get("permission") == permission and "POST" in methods and address.startswith("/institution")
    ]
    assert addresses, "nobody can make the move"
    lacking = next(
        code for code, role in ROLES.items() if role.audience == "institution" and permission not in role.permissions
    )
    inside = await site.signed_in(world, world.university, lacking)
    others = [
        await site.signed_in(world, world.science, "science_officer", kind="science"),
        await site.signed_in(world, world.department, "department", kind="department"),
        await site.signed_in(world, world.operator, "operator", kind="operator"),
    ]
    for address in addresses:
        filled = re.sub(r"\{(\w+_id)\}", str(new_id()), address).replace("{ordinal}", "1")
        filled = re.sub(r"\{\w+\}", "revoke", filled)
        assert (await inside.client.post(filled)).status_code == 403, address
        for other in others:
            assert (await other.client.post(filled)).status_code == 404, address
        assert (await site.anonymous().client.post(filled)).status_code == 401, address


def test_only_the_clerk_and_the_institutions_own_machine_hold_the_permission_to_write() -> None:
    holders = [code for code, role in ROLES.items() if "institution:ledger:write" in role.permissions]
    assert holders == ["clerk", "integration"]


@pytest.mark.parametrize(
    ("kind", "organisation"), [("science", "science"), ("department", "department"), ("finance", "finance")]
)
async def test_no_authority_reaches_a_row_of_a_ledger(world: World, kind: str, organisation: str) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    tenant = getattr(world, organisation)
    for statement in (select(achievement.c.id), update(achievement).values(remark="x")):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.acting(tenant, kind, kind) as tx:
                await tx.execute(statement)


async def test_versions_cannot_be_rewritten_by_those_who_serve(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    for statement in (
        "update app.achievement_version set name = 'x'",
        "delete from app.achievement_version",
        "delete from app.achievement",
        "delete from app.ledger_number",
        "update app.ledger_number set number = 9",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.acting(world.university) as tx:
                await tx.execute(text(statement))
