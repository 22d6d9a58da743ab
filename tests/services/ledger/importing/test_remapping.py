"""Columns that a person reads otherwise: read again in the worker, remembered for the same headings, nothing typed is lost."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.ledger.importing import remapping, wiping, workflow
from services.ledger.importing.answering import Answered
from services.ledger.importing.models import ledger_import
from services.ledger.importing.settling import Rows
from shared.errors import NotFound, Refusal
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    HEAD,
    applied,
    checked,
    counted,
    killed_after,
    ledger,
    plain_rows,
    read_through,
    state_of,
)
from tests.services.ledger.importing.test_answering import answered, converted, held, upload
from tests.services.ledger.importing.test_secret_rows import everything_kept, everything_stored
from tests.world import World

# The clerk's own words for two columns: a price that is no amount of the ledger's, and what he calls the deal.
OWN = ("成果名称", "完成人", "成果类型", "授权号", "转化状态", "怎么转的", "谈成的数")


async def remapped(
    world: World, import_id: UUID, columns: dict[str, str], units: dict[str, str] | None = None
) -> Refusal | None:
    async with world.acting(world.university) as tx:
        return await remapping.remap(tx, import_id, {"台账": columns}, units or {})


async def test_what_a_column_means_can_be_said_and_everything_is_read_again(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1, "转让"), head=OWN))
    assert (await state_of(world, world.university, import_id)).questions == 1
    assert await remapped(world, import_id, {"F": "method", "G": "value"}, {"台账": "万元"}) is None
    assert (await state_of(world, world.university, import_id)).state == "reading"
    await read_through(world, world.university, objects, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions) == ("checked", 1, 0)
    assert sum(Decimal(cell["amount"]) for cell in row.summary["sums"]) == Decimal(50_000)


async def test_a_column_can_be_ignored(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(converted(1, "转让", "约5", status="未转化")))
    assert await remapped(world, import_id, {"G": "", "F": ""}) is None
    await read_through(world, world.university, objects, import_id)
    assert (await state_of(world, world.university, import_id)).valid == 1


async def test_what_was_said_is_remembered_for_these_headings_by_the_institution(
    world: World, objects: ObjectStore
) -> None:
    first = await checked(world, world.university, objects, upload(converted(1, "转让"), head=OWN))
    await remapped(world, first, {"F": "method", "G": "value"}, {"台账": "万元"})
    await read_through(world, world.university, objects, first)
    # not before it was confirmed
    other = await checked(world, world.university, objects, upload(converted(2, "转让"), head=OWN))
    assert (await state_of(world, world.university, other)).questions == 1
    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, first, AS_OF) is None
    async with world.working(world.university) as tx:
        await workflow.apply(tx, first)

    again = await checked(world, world.university, objects, upload(converted(3, "许可"), head=OWN))
    row = await state_of(world, world.university, again)
    assert (row.valid, row.questions) == (1, 0)
    theirs = await checked(world, world.institute, objects, upload(converted(4, "许可"), head=OWN))
    assert (await state_of(world, world.institute, theirs)).questions == 1


async def test_answers_given_before_are_applied_to_what_is_read_anew(world: World, objects: ObjectStore) -> None:
    head = (*HEAD[:6], "谈成的数")
    import_id = await checked(world, world.university, objects, upload(converted(1), converted(2), head=head))
    asked = Rows(code="method_multiple", field="转化方式", said="转让/许可")
    assert await answered(world, import_id, asked, {"method": "许可"}) == Answered(2, waiting=False)
    assert await remapped(world, import_id, {"G": "value"}, {"台账": "万元"}) is None
    await read_through(world, world.university, objects, import_id)
    async with world.working(world.university) as tx:
        from services.ledger.importing import answering

        assert not await answering.settle_rest(tx, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions) == (2, 0)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"A": "remark"}, "必须有一列是成果名称"),
        ({"B": "name"}, "都选了“成果名称”"),
        ({"F": "magic"}, "请选择“台账”F 列的含义"),
        ({"H": ""}, "H 列是密级"),
    ],
)
async def test_an_impossible_choice_is_refused_with_its_columns(
    world: World, objects: ObjectStore, columns: dict[str, str], told: str
) -> None:
    rows = [[*row, "公开"] for row in plain_rows(1)]
    import_id = await checked(world, world.university, objects, upload(*rows, head=(*HEAD, "密级")))
    refusal = await remapped(world, import_id, columns)
    assert refusal is not None
    assert told in refusal.message
    assert (await state_of(world, world.university, import_id)).state == "checked"


async def test_only_what_is_checked_and_ones_own_can_be_remapped(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(1))
    refusal = await remapped(world, import_id, {"F": ""})
    assert refusal is not None
    assert refusal.status == 409
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await remapping.remap(tx, import_id, {}, {})


async def settled_files(world: World, objects: ObjectStore, kept_before: str) -> None:
    """What the queue does after a copy was written anew."""
    async with world.working(world.university) as tx:
        await wiping.drop_copy(tx, objects, kept_before)


async def kept_hash(world: World, import_id: UUID) -> str:
    async with world.acting(world.university) as tx:
        return str(
            await tx.scalar(
                ledger_import.select()
                .with_only_columns(ledger_import.c.kept_hash)
                .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == import_id)
            )
        )


async def traces(world: World, objects: ObjectStore, configuration: Settings) -> str:
    stored = "".join((await everything_stored(configuration)).values())
    return stored + b"".join(everything_kept(objects, world)).decode("utf-8", "ignore")


async def test_rows_that_a_new_meaning_shows_to_be_classified_go_from_everywhere(
    world: World, objects: ObjectStore, configuration: Settings
) -> None:
    head = (*HEAD, "能否外传（是否涉）")
    rows: list[list[Any]] = [[*row, "否"] for row in plain_rows(2)]
    rows[1][0], rows[1][7] = "某型装备的减振支座", "是"
    import_id = await checked(world, world.university, objects, upload(*rows, head=head))
    assert "某型装备的减振支座" in await traces(world, objects, configuration)
    before = await kept_hash(world, import_id)
    assert await remapped(world, import_id, {"H": "secrecy"}) is None
    # a worker that dies in between leaves nothing half done
    await killed_after(world, world.university, lambda tx: workflow.read_chunk(tx, objects, import_id))
    await read_through(world, world.university, objects, import_id)
    await settled_files(world, objects, before)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.refused) == (1, 1)
    left = await traces(world, objects, configuration)
    assert "第1号示例工艺" in left
    assert "某型装备的减振支座" not in left


async def test_a_row_that_a_person_finds_classified_goes_from_everywhere(
    world: World, objects: ObjectStore, configuration: Settings
) -> None:
    rows = [converted(1, "转让"), converted(2, name="某型装备的减振支座"), converted(3, name="某型装备的减振支座")]
    import_id = await applied(world, world.university, objects, upload(*rows))
    before = await kept_hash(world, import_id)
    row = await held(world, import_id, 1)
    assert await answered(world, import_id, Rows(ordinal=1, revision=row.revision), {"value": "约6.1875"}) == Answered(
        1, waiting=False
    )
    row = await held(world, import_id, 1)
    async with world.acting(world.university) as tx:
        assert await wiping.wipe(tx, import_id, 1, row.revision) == 2
    async with world.working(world.university) as tx:
        await wiping.wipe_copy(tx, objects, import_id)
    async with world.working(world.university) as tx:
        await wiping.wipe_copy(tx, objects, import_id)
    await settled_files(world, objects, before)
    left = await traces(world, objects, configuration)
    assert "第1号示例工艺" in left
    assert "某型装备的减振支座" not in left
    assert "约6.1875" not in left
    now = await state_of(world, world.university, import_id)
    assert (now.valid, now.questions, now.refused) == (1, 0, 2)
    async with world.acting(world.university) as tx:
        again = await wiping.wipe(tx, import_id, 1, row.revision)
    assert isinstance(again, Refusal)


async def test_a_wiped_row_stays_wiped_when_everything_is_read_again(
    world: World, objects: ObjectStore, configuration: Settings
) -> None:
    rows = [converted(1, "转让"), converted(2, name="某型装备的减振支座")]
    import_id = await checked(world, world.university, objects, upload(*rows))
    before = await kept_hash(world, import_id)
    async with world.acting(world.university) as tx:
        assert await wiping.wipe(tx, import_id, 1, 0) == 1
    # read again before the worker came to write the copy anew
    assert await remapped(world, import_id, {"F": ""}) is None
    await read_through(world, world.university, objects, import_id)
    await settled_files(world, objects, before)
    assert "某型装备的减振支座" not in await traces(world, objects, configuration)
    assert (
        await counted(
            world, "select count(*) from app.ledger_import where tenant_id = :t and refused = 1", t=world.university
        )
        == 1
    )
