"""The ledger's pages as people of an institution see them."""

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import select

from services.ledger import export, tasks, workflow
from services.ledger.entry import Completer, Entry, Right
from services.ledger.forms import filters_of
from services.ledger.models import achievement, department_total, export_job, province_total
from shared.audit.tables import audit_entry
from shared.db.transaction import Actor, transaction
from shared.ids import new_id
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.web import Site
from tests.world import World

DAY = date(2026, 3, 2)
HOME = "/institution/ledger"


async def made(world: World, name: str = "一种高原湖泊蓝藻原位絮凝装置", **changes: object) -> UUID:
    values: dict[str, object] = {
        "name": name,
        "type": "patent_right",
        "status": "intended",
        "team": (Completer(name="杨思远"), Completer(name="罗玉梅")),
        "value": Decimal("3002200.00"),
        "stage_declared": "development",
        **changes,
    }
    async with world.acting(world.university) as tx:
        done = await workflow.register(tx, Entry(**values), held_from=DAY)  # type: ignore[arg-type]
        assert isinstance(done, UUID), done
        return done


async def test_without_a_session_the_ledger_asks_to_sign_in(site: Site) -> None:
    answer = await site.anonymous().get(HOME)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_roles_without_the_permission_are_refused(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university, "completer")
    assert (await visitor.get(HOME)).status_code == 200
    assert (await visitor.get(f"{HOME}/{row_id}/correct")).status_code == 403
    officer = await site.signed_in(world, world.science, "science_officer", kind="science")
    assert (await officer.get(HOME)).status_code == 404


async def test_another_tenants_achievement_reads_like_one_that_never_existed(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = await made(world)
    # the province of this test is new: the process may not have read it yet
    monkeypatch.setattr("tenants.isolation._provinces", (0.0, {}))
    visitor = await site.signed_in(world, world.institute)
    for tail in ("", "/correct", "/conversions", "/moves/revoke", "?as_of=2026-03-05"):
        other = await visitor.get(f"{HOME}/{row_id}{tail}")
        unknown_id = new_id()
        unknown = await visitor.get(f"{HOME}/{unknown_id}{tail}")
        assert (other.status_code, unknown.status_code) == (404, 404)

        def body(text: str, own: UUID, request_id: str) -> str:
            return text.replace(str(own), "ID").replace(request_id, "R") if request_id else text.replace(str(own), "ID")

        def key_free(text: str) -> str:
            return re.sub(r'name="form_key" value="[^"]+"', "", text)

        assert key_free(body(other.text, row_id, other.headers.get("x-request-id", ""))) == key_free(
            body(unknown.text, unknown_id, unknown.headers.get("x-request-id", ""))
        )


async def test_the_list_filters_sorts_and_says_what_is_declared_only(site: Site, world: World) -> None:
    await made(world)
    await made(world, "一种竹基活性炭电极材料", status="not_converted", value=None)
    visitor = await site.signed_in(world, world.university)
    whole = await visitor.get(HOME)
    assert whole.status_code == 200
    assert whole.text.index("CS-0002") < whole.text.index("CS-0001")
    assert "填报开发阶段，待佐证" in whole.text
    assert "300.22" in whole.text
    assert "未评估" in whole.text
    assert "已登记 2 项" in whole.text
    one = await visitor.get(HOME, q="蓝藻")
    assert "CS-0001" in one.text
    assert "CS-0002" not in one.text
    filtered = await visitor.get(HOME, status="not_converted")
    assert "CS-0001" not in filtered.text
    ordered = await visitor.get(HOME, sort="number")
    assert 'aria-sort="ascending"' in ordered.text
    past = await visitor.get(HOME, as_of="2026-03-01")
    assert "正在查看历史时点" in past.text
    assert "CS-0001" not in past.text
    odd = await visitor.get(HOME, year="abc", as_of="x", after="~~", sort="nothing", known_at="1")
    assert "CS-0001" in odd.text


@pytest.mark.requirement("R062")
async def test_the_page_of_an_achievement_shows_fields_with_their_article_and_every_change(
    site: Site, world: World
) -> None:
    row_id = await made(world, rights=(Right("201810862228.X", "patent_right", "ZL2018 1 0862228.X"),))
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"status": "converting"}, since=date(2026, 3, 10), reason="签订意向书")
    visitor = await site.signed_in(world, world.university)
    answer = await visitor.get(f"{HOME}/{row_id}")
    for words in (
        "201810862228.X",
        "原写作 ZL2018 1 0862228.X",
        "第九条(五)",
        "签订意向书",
        "意向转化",
        "转化中",
        "杨思远",
    ):
        assert words in answer.text
    past = await visitor.get(f"{HOME}/{row_id}", as_of="2026-03-05")
    assert "正在查看历史时点" in past.text
    before = await visitor.get(f"{HOME}/{row_id}", as_of="2026-03-01")
    assert before.status_code == 200
    assert "该日台账中没有该成果" in before.text


async def test_five_wrong_fields_are_all_named_and_the_values_kept(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    form = {
        "name": "",
        "type": "patent_right",
        "status": "intended",
        "value": "-5",
        "obtained_on": "2023-02-30",
        "team": "甲 2/3\n乙 2/3",
        "since": "",
        "reason": "",
        "college": "生态学院",
    }
    answer = await visitor.post(f"{HOME}/{row_id}/correct", form)
    assert answer.status_code == 422
    for field in ("name", "value", "obtained_on", "team", "since", "reason"):
        assert f'href="#f-{field}"' in answer.text, field
    assert 'value="生态学院"' in answer.text
    # The way back is the one of the form itself.
    asked = await visitor.get(f"{HOME}/{row_id}/correct")
    trail = re.search(r'<ol class="breadcrumb.*?</ol>', asked.text, re.S)
    assert trail is not None
    assert trail[0] in answer.text
    assert "超过 100%" in answer.text


async def test_a_correction_with_a_new_completer_and_number(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    form = {
        "name": "一种高原湖泊蓝藻原位絮凝装置",
        "type": "patent_right",
        "status": "intended",
        "value": "3,002,200",
        "stage_declared": "development",
        "team": "杨思远 1/3\n保芳 2/3",
        "numbers": "ZL201810862228.X",
        "since": "2026-03-12",
        "reason": "补充完成人",
    }
    key = await visitor.form_key(f"{HOME}/{row_id}/correct")
    answer = await visitor.post(f"{HOME}/{row_id}/correct", form, key=key)
    assert answer.status_code == 303, answer.text
    again = await visitor.post(f"{HOME}/{row_id}/correct", form, key=key)
    assert again.headers["location"] == answer.headers["location"]
    shown = await visitor.get(f"{HOME}/{row_id}")
    assert "保芳" in shown.text
    assert "66.67%" in shown.text
    assert "201810862228.X" in shown.text
    assert "罗玉梅" in shown.text, "the former team stands in the history"
    async with world.acting(world.university) as tx:
        row = await tx.row(select(achievement.c.revision).where(achievement.c.id == row_id))
        assert row is not None
        assert row.revision == 2


async def test_a_refused_correction_shows_the_article_and_keeps_the_form(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    form = {
        "name": "一种高原湖泊蓝藻原位絮凝装置",
        "type": "patent_right",
        "status": "converted",
        "since": "2026-03-12",
        "reason": "已经转化",
        "team": "新人甲",
    }
    answer = await visitor.post(f"{HOME}/{row_id}/correct", form)
    assert answer.status_code == 422
    assert "直接登记转化金额" in answer.text
    assert 'value="已经转化"' in answer.text
    form["revision"] = "9"
    answer = await visitor.post(f"{HOME}/{row_id}/correct", form)
    assert answer.status_code == 409


async def test_a_conversion_and_a_revocation_by_form(site: Site, world: World) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    page = f"{HOME}/{row_id}/conversions"
    wrong = await visitor.post(page, {"mode": "", "amount": "约10万"})
    assert wrong.status_code == 422
    done = await visitor.post(page, {"mode": "licence", "amount": "80000", "signed_on": "2026-03-12"})
    assert done.status_code == 303
    assert "8.00" in (await visitor.get(f"{HOME}/{row_id}")).text
    ending = f"{HOME}/{row_id}/moves/revoke"
    assert (await visitor.post(ending, {"reason": ""})).status_code == 422
    assert (await visitor.post(ending, {"reason": "重复登记"})).status_code == 303
    assert "已撤销" in (await visitor.get(f"{HOME}/{row_id}")).text
    late = await visitor.post(ending, {"reason": "再撤销"})
    assert late.status_code == 409
    assert (await visitor.get(f"{HOME}/{row_id}/moves/erase")).status_code == 404


async def test_an_export_is_what_is_filtered_and_is_logged(site: Site, world: World, configuration: Settings) -> None:
    await made(world)
    await made(world, "=cmd|' /C calc'!A0", status="not_converted", value=None)
    visitor = await site.signed_in(world, world.university)
    asked = await visitor.post(f"{HOME}/exports", {"status": "not_converted"}, page=HOME)
    assert asked.status_code == 303
    place = asked.headers["location"]
    assert "正在生成" in (await visitor.get(place)).text
    async with world.working(world.university) as tx:
        job = await tx.row(select(export_job).where(export_job.c.tenant_id == world.university))
        assert job is not None
        store = ObjectStore(configuration)
        await export.write_export(tx, job.id, store, filters_of(job.filters, tx.today), "-number")
        await export.write_export(tx, job.id, store, filters_of(job.filters, tx.today), "-number")
    assert "已完成" in (await visitor.get(place)).text
    file = await visitor.get(f"{place}/file")
    assert file.headers["content-disposition"].startswith("attachment")
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.values)
    assert "截至 2026-03-16" in str(rows[0][0])
    assert [row[0] for row in rows[2:]] == ["CS-0002"]
    assert rows[2][1] == "'=cmd|' /C calc'!A0"
    assert rows[2][2] == "杨思远、罗玉梅"
    heads = [str(one) for one in rows[1]]
    assert heads[1:9] == [
        "成果名称",
        "完成人（团队）",
        "成果类型",
        "认定阶段",
        "填报阶段",
        "转化状态",
        "转化方式",
        "转化价值（元）",
    ]
    assert rows[2][heads.index("转化价值（元）")] is None
    assert "示例格式" in str(rows[0][0])
    other = await site.signed_in(world, world.university, "department_head")
    assert (await other.get(place)).status_code == 404
    async with world.acting(world.university) as tx:
        entries = await tx.rows(
            select(audit_entry.c.action, audit_entry.c.details).where(audit_entry.c.object_kind == "export")
        )
    assert {"ledger.export", "ledger.download"} <= {row.action for row in entries}
    assert any((row.details or {}).get("personal") for row in entries)


async def test_what_is_ticked_is_exported_alone_and_nothing_where_nothing_is(
    site: Site, world: World, configuration: Settings
) -> None:
    chosen, _ = await made(world), await made(world, "另一项成果")
    visitor = await site.signed_in(world, world.university)
    nothing = await visitor.post(f"{HOME}/exports", {"ticked": "1"}, page=HOME)
    assert nothing.headers["location"].split("?")[0] == HOME
    asked = await visitor.post(f"{HOME}/exports", {"ticked": "1", "id": [str(chosen)]}, page=HOME)
    async with world.working(world.university) as tx:
        (job,) = await tx.rows(select(export_job).where(export_job.c.tenant_id == world.university))
        filters = filters_of(job.filters, tx.today)
        await export.write_export(tx, job.id, ObjectStore(configuration), filters, "-number")
    file = await visitor.get(f"{asked.headers['location']}/file")
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.values)
    assert [row[0] for row in rows[2:]] == ["CS-0001"]


async def test_totals_reach_the_province_and_the_department(world: World) -> None:
    await made(world)
    async with world.acting(world.institute) as tx:
        await workflow.register(
            tx,
            Entry(name="另一成果", type="patent_right", status="not_converted", team=(Completer(name="甲"),)),
            held_from=DAY,
        )
    async with world.working(world.university) as tx:
        rollup = replace(tx.scope, role="worker_rollup")
    for _ in range(2):
        async with transaction(world.tasks, rollup, Actor(None, world.university)) as tx:
            await tasks.roll_up_totals.function(tx)
    async with world.acting(world.science, "science_officer", "science") as tx:
        row = await tx.row(select(province_total).where(province_total.c.dimension == "all"))
        assert row is not None
        assert (row.n, row.n_valued, row.institutions) == (2, 1, 2)
    async with world.acting(world.department, "department_officer", "department") as tx:
        row = await tx.row(select(department_total).where(department_total.c.dimension == "all"))
        assert row is not None
        assert (row.n, row.sum) == (2, Decimal("3002200.00"))
    async with world.acting(world.other_department, "department_officer", "department") as tx:
        assert await tx.row(select(department_total)) is None
