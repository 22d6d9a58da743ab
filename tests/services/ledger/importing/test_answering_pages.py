"""The work list, one row, the columns and undoing as a clerk's browser sees them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.ledger.importing import undoing
from services.ledger.importing.queries import todos
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    HEAD,
    applied,
    checked,
    counted,
    ledger,
    plain_rows,
    read_through,
    sample,
    state_of,
)
from tests.services.ledger.importing.test_answering import converted, held, upload
from tests.services.ledger.importing.test_importing_pages import HOME, text_of
from tests.web import Site, Visitor
from tests.world import World

GROUP = {"code": "method_multiple", "field": "转化方式", "said": "转让/许可", "text": "", "reason": "", "start": "0"}


async def list_of(world: World, site: Site, objects: ObjectStore, *rows: list[Any]) -> tuple[Visitor, str, UUID]:
    import_id = await checked(world, world.university, objects, upload(*rows))
    return await site.signed_in(world, world.university), f"{HOME}/{import_id}", import_id


async def test_rows_that_ask_the_same_stand_together_with_their_answers(
    world: World, site: Site, objects: ObjectStore
) -> None:
    rows = [converted(n) for n in range(12)] + [converted(30, "转让", "约5")]
    clerk, address, import_id = await list_of(world, site, objects, *rows)
    page = await clerk.get(f"{address}/questions")
    words = text_of(page)
    assert "填了几种转化方式，请选一种" in words
    assert "原表写的是 “转让/许可”" in words
    assert "用于这 12 行" in words
    assert 'value="set:许可"' in page.text
    # the reading of an approximate amount is proposed in yuan and written as such
    assert 'value="set:50000.00元"' in page.text
    answer = await clerk.post(f"{address}/questions", {**GROUP, "choice": "set:许可"}, page=f"{address}/questions")
    assert answer.status_code == 303
    assert (await state_of(world, world.university, import_id)).valid == 12
    left = text_of(await clerk.get(f"{address}/questions"))
    assert "转让/许可" not in left
    assert "现有 1 项待人工确认" in left


async def test_an_incomplete_answer_says_so_and_keeps_what_was_typed(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk, address, _ = await list_of(world, site, objects, converted(1), converted(2))
    for form, told in (
        ({"choice": ""}, "请选择处理方式"),
        ({"choice": "leave_out"}, "请填写不导入的理由"),
        ({"choice": "typed", "reason": "先不管"}, "请填写改成什么"),
    ):
        answer = await clerk.post(f"{address}/questions", {**GROUP, **form}, page=f"{address}/questions")
        assert answer.status_code == 422
        assert told in text_of(answer)
    assert 'value="先不管"' in answer.text


async def test_whoever_answers_second_is_told_and_loses_nothing_typed(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk, address, import_id = await list_of(world, site, objects, converted(1, "转让", "约5"))
    row = await held(world, import_id)
    form = {"revision": str(row.revision), "a-value": "5.2万元"}
    other = await clerk.post(f"{address}/rows/0/answer", {**form, "a-value": "约6"}, page=f"{address}/rows/0")
    assert other.headers["location"].startswith(f"{address}/rows/0")
    answer = await clerk.post(f"{address}/rows/0/answer", form, page=f"{address}/rows/0")
    assert answer.status_code == 409
    assert "已由他人答复" in text_of(answer)
    assert 'value="5.2万元"' in answer.text
    now = await held(world, import_id)
    answer = await clerk.post(
        f"{address}/rows/0/answer", {**form, "revision": str(now.revision)}, page=f"{address}/rows/0"
    )
    assert answer.headers["location"].startswith(f"{address}/questions")
    assert (await held(world, import_id)).entry["value"] == "52000.00"


async def test_the_same_answer_sent_twice_is_one(world: World, site: Site, objects: ObjectStore) -> None:
    clerk, address, import_id = await list_of(world, site, objects, converted(1), converted(2))
    key = await clerk.form_key(f"{address}/questions")
    answers = [await clerk.post(f"{address}/questions", {**GROUP, "choice": "set:许可"}, key=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert (await held(world, import_id)).revision == 1


async def test_one_row_shows_its_cells_and_can_be_left_out_and_taken_back(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk, address, import_id = await list_of(world, site, objects, converted(1, "", "约5"))
    page = await clerk.get(f"{address}/rows/0")
    assert "需要确认" in text_of(page)
    assert 'name="a-value"' in page.text
    assert '<option value="许可">' in page.text
    answer = await clerk.post(f"{address}/rows/0/leave-out", {"revision": "0"}, page=f"{address}/rows/0")
    assert answer.status_code == 422
    assert "请填写不导入的理由" in text_of(answer)
    answer = await clerk.post(
        f"{address}/rows/0/leave-out", {"revision": "0", "reason": "重复"}, page=f"{address}/rows/0"
    )
    assert answer.status_code == 303
    assert "已决定不导入" in text_of(await clerk.get(f"{address}/rows/0"))
    assert "不导入" in text_of(await clerk.get(f"{address}/rows", kind="left_out"))
    form = {"revision": "1", "a-method": "转让", "a-value": "5万元"}
    assert (await clerk.post(f"{address}/rows/0/answer", form, page=f"{address}/rows/0")).status_code == 303
    assert (await state_of(world, world.university, import_id)).valid == 1


async def test_an_answer_that_says_it_is_classified_is_not_shown_again(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk, address, _ = await list_of(world, site, objects, converted(1), converted(2))
    form = {**GROUP, "choice": "leave_out", "reason": "某型装备属于国家秘密"}
    answer = await clerk.post(f"{address}/questions", form, page=f"{address}/questions")
    assert answer.status_code == 422
    assert "内容没有保存" in text_of(answer)
    assert "某型装备" not in answer.text
    answer = await clerk.post(f"{address}/rows/0/wipe", {"revision": "0"}, page=f"{address}/rows/0")
    assert answer.status_code == 303
    assert (await clerk.get(f"{address}/rows/0")).status_code == 404
    again = await clerk.post(f"{address}/rows/0/wipe", {"revision": "0"}, page=address)
    assert again.status_code == 409


async def test_columns_are_shown_as_read_and_can_be_changed(world: World, site: Site, objects: ObjectStore) -> None:
    head = (*HEAD[:6], "谈成的数", "密级")
    row = [*converted(1, "转让"), "公开"]
    import_id = await checked(world, world.university, objects, upload(row, head=head))
    clerk = await site.signed_in(world, world.university)
    address = f"{HOME}/{import_id}"
    page = await clerk.get(address)
    assert 'name="c-0-G"' in page.text
    assert 'name="c-0-H"' not in page.text
    answer = await clerk.post(f"{address}/columns", {"c-0-G": "name"}, page=address)
    assert answer.status_code == 422
    assert "都选了“成果名称”" in text_of(answer)
    answer = await clerk.post(f"{address}/columns", {"c-0-G": "value", "u-0": "万元"}, page=address)
    assert answer.status_code == 303
    assert "正在核对" in text_of(await clerk.get(address))
    await read_through(world, world.university, objects, import_id)
    assert "按人工设置" in text_of(await clerk.get(address))
    assert (await state_of(world, world.university, import_id)).valid == 1


async def test_an_import_is_undone_from_its_page(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    clerk = await site.signed_in(world, world.university)
    address = f"{HOME}/{import_id}"
    rows = text_of(await clerk.get(f"{address}/rows", kind="valid"))
    assert "CS-0003" in rows
    answer = await clerk.post(f"{address}/undo", {"reason": ""}, page=address)
    assert answer.status_code == 422
    assert "请填写撤销理由" in text_of(answer)
    answer = await clerk.post(f"{address}/undo", {"reason": "导错了年份"}, page=address)
    assert answer.status_code == 303
    assert "正在撤销" in text_of(await clerk.get(address))
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    assert "编号 1 至 3 保留并标记撤销" in text_of(await clerk.get(address)).replace("  ", " ")
    assert "已撤销" in text_of(await clerk.get(f"{address}/rows", kind="valid"))
    assert (await clerk.post(f"{address}/undo", {"reason": "再来"}, page=HOME)).status_code == 409


async def test_questions_are_a_matter_to_do_until_they_are_answered(
    world: World, site: Site, objects: ObjectStore
) -> None:
    rows = [converted(1), converted(2, "转让")]
    import_id = await applied(world, world.university, objects, upload(*rows))
    async with world.acting(world.university) as tx:
        (todo,) = await todos(tx)
    assert todo.href == f"{HOME}/{import_id}/questions"
    clerk = await site.signed_in(world, world.university)
    page = f"{HOME}/{import_id}/questions"
    await clerk.post(page, {**GROUP, "choice": "set:许可"}, page=page)
    async with world.acting(world.university) as tx:
        assert await todos(tx) == []
    assert (
        await counted(
            world, "select count(*) from app.achievement where tenant_id = :t and mode = 'licence'", t=world.university
        )
        == 1
    )


async def test_every_question_of_the_sample_has_a_form(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, sample())
    clerk = await site.signed_in(world, world.university)
    address: str | None = f"{HOME}/{import_id}/questions"
    shown = 0
    while address:
        page = await clerk.get(address)
        assert page.status_code == 200
        shown += page.text.count('name="said"')
        following = page.text.partition('rel="next" href="')[2].partition('"')[0]
        address = following.replace("&amp;", "&") or None
    assert shown >= 40
    async with world.acting(world.university) as tx:
        from services.ledger.importing.queries import held_rows

        rows = await held_rows(tx, import_id, "question", limit=100)
    for row in rows[:60:6]:
        assert (await clerk.get(f"{HOME}/{import_id}/rows/{row.ordinal}")).status_code == 200


@pytest.mark.parametrize("tail", ["/questions", "/rows/0"])
async def test_another_tenants_questions_are_as_unknown_ones(
    world: World, site: Site, objects: ObjectStore, tail: str
) -> None:
    _, address, _ = await list_of(world, site, objects, converted(1), converted(2))
    other = await site.signed_in(world, world.institute)
    theirs, unknown = await other.get(f"{address}{tail}"), await other.get(f"{HOME}/{uuid4()}{tail}")
    assert theirs.status_code == unknown.status_code == 404
    for verb, form in (
        ("questions", {**GROUP, "choice": "set:许可"}),
        ("rows/0/answer", {"revision": "0"}),
        ("rows/0/leave-out", {"revision": "0", "reason": "重复"}),
        ("rows/0/wipe", {"revision": "0"}),
        ("columns", {}),
        ("undo", {"reason": "错"}),
    ):
        assert (await other.post(f"{address}/{verb}", form, page=HOME)).status_code == 404
    assert (await site.anonymous().get(f"{address}{tail}")).status_code == 303
    researcher = await site.signed_in(world, world.university, "completer")
    assert (await researcher.get(f"{address}{tail}")).status_code == 403


async def test_rows_without_a_question_have_no_page(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, upload(*plain_rows(1)))
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get(f"{HOME}/{import_id}/rows/0")).status_code == 404
    assert "没有需要答复的问题" in text_of(await clerk.get(f"{HOME}/{import_id}/questions"))


async def test_the_log_has_one_entry_of_an_import_that_opens_its_rows(
    world: World, site: Site, objects: ObjectStore
) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    clerk = await site.signed_in(world, world.university)
    log = await clerk.get("/institution/audit", object=str(import_id), action="ledger_import.apply")
    assert log.status_code == 200
    assert text_of(log).count("台账导入：写入台账") >= 1
    address = f"/institution/imports/{import_id}/rows?kind=valid"
    assert log.text.count(f'href="{address}"') == 1
    assert text_of(await clerk.get(address)).count("示例工艺") == 3
