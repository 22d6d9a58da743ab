"""Every state × move × audience of the ledger, as the tables in its README say: done, or refused with code and article."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from services.ledger import export, handed, workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.bulk.models import ledger_batch
from services.ledger.bulk.queries import chosen_rows
from services.ledger.claiming import workflow as claiming
from services.ledger.disclosure import workflow as disclosure
from services.ledger.disclosure.models import disclosure as disclosures
from services.ledger.entry import Deal
from services.ledger.helping import queries as helping_queries
from services.ledger.helping import workflow as helping
from services.ledger.importing import answering, remapping, undoing
from services.ledger.importing import workflow as importing
from services.ledger.importing.settling import Rows
from services.ledger.listing import Filters
from services.ledger.losses import workflow as losses
from services.ledger.losses.models import right_handover
from services.ledger.models import achievement, agency_task
from services.ledger.ownership import workflow as ownership
from services.ledger.screening import workflow as screening
from services.ledger.stages import workflow as stages
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import Refusal
from shared.settings import settings
from shared.storage.objects import ObjectStore
from tenants.permissions import ROLES
from tests.driving import Act, Acting, Around, Machine, Verb, as_role, as_worker, driven
from tests.services.ledger.claiming.test_claiming import claimed, named_in_the_ledger
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.ledger.helping.test_helping import handed as handed_over
from tests.services.ledger.helping.test_helping import two_agencies
from tests.services.ledger.importing import arranging as imports
from tests.services.ledger.losses.test_losses import CHECKS, LOST
from tests.services.ledger.rights.test_right_pages import NUMBER, recorded
from tests.services.ledger.screening import test_screening as rounds
from tests.services.ledger.test_workflow import registered
from tests.world import START, World

TODAY = START.date()
CLERK, SECRECY, FINANCE, COMPLETER, HEAD = (
    as_role(one) for one in ("clerk", "secrecy", "finance", "completer", "department_head")
)
WORKER = as_worker()


async def _achievement(around: Around, _: str) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        return await registered(tx)


async def _disclosure(around: Around, _: str) -> UUID:
    visitor = await around.site.signed_in(around.world, around.world.university)
    edit = await begun(visitor)
    assert (await visitor.post(edit, FORM)).status_code == 303
    return UUID(edit.split("/")[-2])


async def _submit(tx: Transaction, case_id: UUID) -> Any:
    row = await tx.row(select(disclosures).where(disclosures.c.id == case_id))
    assert row is not None
    names = ("name", "type", "technical_field", "form", "stage", "market_prospect", "funding", "evidence")
    return await disclosure.submit(tx, case_id, {name: getattr(row, name) for name in names}, [("测试甲", None)])


def _store() -> ObjectStore:
    return ObjectStore(settings())


_ROWS = [*imports.plain_rows(2), ["第3号示例工艺", "甘棠、伍文", "非专利技术", "", "待定", "", ""]]
_ASKED = Rows(code="status_unknown", field="转化状态", said="待定")


async def _import(around: Around, state: str) -> UUID:
    """Two right rows and one that asks, as far as the verbs bring it."""
    world, tenant = around.world, around.world.university
    upload = Upload("台账.xlsx", imports.workbook(_ROWS, title="截至2025年12月31日"))
    if state in ("uploaded", "reading", "mapping"):
        return await imports.received(world, tenant, around.objects, upload)
    if state in ("checked", "cancelled", "failed"):
        return await imports.checked(world, tenant, around.objects, upload)
    if state == "applying":
        import_id = await imports.checked(world, tenant, around.objects, upload)
        async with world.acting(tenant) as tx:
            assert await importing.confirm(tx, import_id, imports.AS_OF) is None
        return import_id
    import_id = await imports.applied(world, tenant, around.objects, upload)
    if state == "undoing":
        async with world.acting(tenant) as tx:
            assert await undoing.undo(tx, import_id, "导错") is None
    return import_id


def _read(size: int) -> Verb:
    return lambda tx, one: importing.read_chunk(tx, _store(), one, size=size)


async def _work(tx: Transaction, import_id: UUID) -> None:
    """Whatever the worker may be asked for; both find out by themselves that there is nothing to do."""
    await importing.read_chunk(tx, _store(), import_id)
    await importing.apply(tx, import_id)


async def _spoilt(around: Around, import_id: UUID, state: str) -> None:
    """The kept copy is lost, or two staged rows claim the same achievement."""
    lost = "update app.ledger_import set kept_hash = repeat('0', 64) where id = :import"
    doubled = (
        "update app.ledger_import_row set achievement_id = (select achievement_id from app.ledger_import_row "
        "where import_id = :import and ordinal = 0) where import_id = :import and ordinal = 1"
    )
    async with around.world.maintenance.begin() as connection:
        done = await connection.execute(text(doubled if state == "applying" else lost), {"import": import_id})
    assert done.rowcount == 1


async def _used(around: Around, import_id: UUID, _: str) -> None:
    async with around.world.acting(around.world.university) as tx:
        row_id = await tx.scalar(select(achievement.c.id).where(achievement.c.import_id == import_id).limit(1))
        assert not isinstance(await _correct(tx, row_id), Refusal)


ANSWER = Act(lambda tx, one: answering.answer(tx, one, _ASKED, {"status": "意向转化"}), CLERK, kin="answer")


async def _claim(around: Around, _: str) -> UUID:
    return await claimed(around.world, (await named_in_the_ledger(around.world))[0])


async def _handover(around: Around, _: str) -> UUID:
    row_id = await recorded(around.world)
    async with around.world.acting(around.world.university) as tx:
        done = await losses.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
    assert isinstance(done, UUID)
    return done


async def _receive(tx: Transaction, case_id: UUID) -> Any:
    table = right_handover
    row_id = await tx.scalar(select(table.c.achievement_id).where(table.c.id == case_id))
    return await losses.receive(tx, row_id, case_id, "转销")


async def _round(around: Around, _: str) -> UUID:
    await rounds.planned(around.world)
    return await rounds.begun(around.world)


async def _batch(around: Around, _: str) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        rows = await chosen_rows(tx, [await registered(tx)])
        planned = await bulk.plan(tx, rows, {"college": "林学院"}, TODAY)
        done = await bulk.apply(tx, planned, bulk.seal_of(planned), {"college": "林学院"}, since=TODAY, reason="调整")
        assert done == 1
        found: UUID = await tx.scalar(select(ledger_batch.c.id).where(ledger_batch.c.tenant_id == tx.tenant_id))
    return found


async def _export(around: Around, _: str) -> UUID:
    async with around.world.acting(around.world.university) as tx:
        return await export.request_export(tx, Filters(), "-number")


def _correct(tx: Transaction, case_id: UUID) -> Awaitable[Any]:
    return workflow.correct(tx, case_id, {"remark": "x"}, since=TODAY, reason="更正")


async def _write_export(tx: Transaction, export_id: UUID) -> Any:
    return await export.write_export(tx, export_id, _store(), Filters(), "-number")


def _decided(name: str, by: Acting = CLERK) -> Act:
    return Act(lambda tx, one: claiming.decide(tx, one, name), by)


async def _task(around: Around, state: str) -> UUID:
    """Handed to an agency; delivered where the state says so."""
    agencies = await two_agencies(around.world)
    _, task_id = await handed_over(around.world, agencies.first)
    if state != "open":
        async with around.world.acting(agencies.first, "agency", "agency") as tx:
            assert await helping.deliver(tx, task_id, "初稿", {}, 1) is None
    return task_id


@asynccontextmanager
async def _agency(around: Around) -> AsyncIterator[Transaction]:
    """The agency that has the university's newest task."""
    async with around.world.maintenance.connect() as connection:
        agency = await connection.scalar(
            select(agency_task.c.recipient_id)
            .where(agency_task.c.tenant_id == around.world.university)
            .order_by(agency_task.c.handed_at.desc())
        )
    assert agency is not None
    async with around.world.acting(agency, "agency", "agency") as tx:
        yield tx


async def _deliver(tx: Transaction, task_id: UUID) -> Any:
    row = await helping_queries.own_task(tx, task_id)
    return await helping.deliver(tx, task_id, "要点", {}, row.revision if row is not None else 1)


def _answered(verb: Callable[..., Awaitable[Any]], *words: str) -> Act:
    async def made(tx: Transaction, task_id: UUID) -> Any:
        table = agency_task
        row_id = await tx.scalar(select(table.c.achievement_id).where(table.c.id == task_id))
        return await verb(tx, row_id, task_id, *words)

    return Act(made, CLERK)


_OVER = {"ended_at": START}
LEDGER: Mapping[str, Machine] = {
    "achievement": Machine(
        workflow.MOVES,
        _achievement,
        {
            "correct": Act(_correct, CLERK),
            "record_conversion": Act(
                lambda tx, one: workflow.record_conversion(tx, one, Deal(mode="licence", amount=Decimal(1))), CLERK
            ),
            "record_stage": Act(lambda tx, one: stages.record_criteria(tx, one, {}, reason="核对"), CLERK),
            "record_ownership": Act(
                lambda tx, one: ownership.record_ownership(tx, one, [], since=TODAY, reason="核对"), CLERK
            ),
            "quarantine": Act(lambda tx, one: workflow.quarantine(tx, one, "疑似"), CLERK),
            "release": Act(lambda tx, one: workflow.release(tx, one, "不涉密"), SECRECY),
            "wipe": Act(lambda tx, one: workflow.wipe(tx, one, "确认涉密"), SECRECY),
            "revoke": Act(lambda tx, one: workflow.revoke(tx, one, "重复"), CLERK),
        },
    ),
    "disclosure": Machine(
        disclosure.MOVES,
        _disclosure,
        {
            "submit": Act(_submit, CLERK),
            "withdraw": Act(disclosure.withdraw, CLERK),
            "return": Act(lambda tx, one: disclosure.return_for_correction(tx, one, {"name": "不全"}), HEAD),
            "register": Act(disclosure.register, HEAD),
        },
    ),
    "ledger_import": Machine(
        importing.MOVES,
        _import,
        {
            "start_reading": Act(_read(1), WORKER, kin="read"),
            "finish_reading": Act(_read(100), WORKER, kin="read"),
            "remap": Act(lambda tx, one: remapping.remap(tx, one, {}, {}), CLERK),
            "confirm": Act(lambda tx, one: importing.confirm(tx, one, imports.AS_OF), CLERK),
            "apply": Act(importing.apply, WORKER, kin="apply"),
            "fail": Act(_work, WORKER, kin="work", ready=_spoilt),
            "cancel": Act(importing.cancel, CLERK),
            "answer": ANSWER,
            "answer_later": ANSWER,
            "undo": Act(lambda tx, one: undoing.undo(tx, one, "导错"), CLERK),
            "finish_undo": Act(undoing.carry_out, WORKER, kin="undo"),
            "keep": Act(undoing.carry_out, WORKER, kin="undo", ready=_used),
        },
    ),
    "person_claim": Machine(
        claiming.MOVES,
        _claim,
        {
            **{name: _decided(name) for name in ("confirm", "decline", "end")},
            "withdraw": _decided("withdraw", COMPLETER),
        },
    ),
    "right_handover": Machine(losses.MOVES, _handover, {"receive": Act(_receive, FINANCE)}),
    "screening_round": Machine(
        screening.MOVES, _round, {"close": Act(lambda tx, one: screening.close_round(tx, one, "没有问题"), HEAD)}
    ),
    "agency_task": Machine(
        handed.MOVES,
        _task,
        {
            "deliver": Act(_deliver, _agency),
            "give_back": _answered(helping.give_back, "请写明对象"),
            "accept": _answered(helping.accept),
            "end": _answered(helping.end, "合同解除"),
        },
        stands={"accepted": _OVER, "ended": _OVER},
    ),
    "achievement_batch": Machine(bulk.MOVES, _batch, {"undo": Act(bulk.undo, CLERK)}),
    "export": Machine(export.MOVES, _export, {"finish_export": Act(_write_export, WORKER)}),
}


(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(LEDGER)


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
