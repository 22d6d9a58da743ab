"""The operator's pages: the registry and the calendar, every wrong field at once, and nobody else's business."""

import pytest
from sqlalchemy import select, text

from services.pilot.workflow import select_institution
from shared.audit.tables import audit_entry
from shared.ids import new_id
from tenants.registry import find_tenant
from tests.services.notices.arranging import without_keys
from tests.tenants.test_calendar import SOURCE, YEAR
from tests.tenants.test_registration import CODE, form
from tests.web import Site, Visitor
from tests.world import START, World, make_world

UNITS, CALENDAR, PROVINCE = "/operator/organisations", "/operator/calendar", "/operator/province"


async def operator(site: Site, world: World) -> Visitor:
    return await site.signed_in(world, world.operator, "operator", kind="operator")


async def opened(visitor: Visitor, world: World, **changes: str) -> str:
    answer = await visitor.post(f"{UNITS}/new", form(world, **changes))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def actions(world: World) -> list[str]:
    async with world.maintenance.connect() as connection:
        found = await connection.scalars(
            select(audit_entry.c.action)
            .where(audit_entry.c.tenant_id == world.operator)
            .order_by(audit_entry.c.position)
        )
        return list(found)


async def test_a_unit_is_opened_changed_handed_over_and_suspended(site: Site, world: World) -> None:
    visitor = await operator(site, world)
    here = await opened(visitor, world)
    shown = (await visitor.get(here)).text
    for words in ("示例理工大学", "测试省教育厅", "2026-01-01", "SLG", f"{world.slug}-lg", "示例州"):
        assert words in shown
    changed = {"name": "示例理工大学", "short_name": "理工", "alias": f"{world.slug}-lg", "unit_kind": "university",
               "prefix": "SLG", "credit_code": CODE, "central": "yes"}  # fmt: skip
    assert (await visitor.post(f"{here}/change", changed)).status_code == 303
    moved = await visitor.post(f"{here}/department", {"department": str(world.other_department), "since": "2026-07-01"})
    assert moved.status_code == 303
    assert (await visitor.post(f"{here}/state", {"state": "suspended"})).status_code == 303
    shown = (await visitor.get(here)).text
    for words in (CODE, "中央驻地方单位", "测试省卫生健康委", "2026-06-30", "已暂停"):
        assert words in shown
    assert (await visitor.post(f"{here}/state", {"state": "active"})).status_code == 303
    assert await actions(world) == [
        "organisation.create", "organisation.change", "organisation.move_department", "organisation.change",
        "organisation.change",
    ]  # fmt: skip


async def test_the_list_says_who_is_in_a_pilot_and_keeps_to_a_kind(site: Site, world: World) -> None:
    async with world.acting(world.science, "science_officer", "science") as tx:
        await select_institution(
            tx, world.university, "empowerment", first_day=START.date(), selected_on=START.date(), document="试点文件"
        )
    visitor = await operator(site, world)
    everybody, departments = (await visitor.get(UNITS)).text, (await visitor.get(UNITS, kind="department")).text
    assert "示例医院" in everybody
    assert "赋权" in everybody
    assert "测试省教育厅" in departments
    assert "示例医院" not in departments
    shown = (await visitor.get(f"{UNITS}/{world.university}")).text
    assert "试点文件" in shown


async def test_every_wrong_field_is_named_and_what_was_typed_stays(site: Site, world: World) -> None:
    visitor = await operator(site, world)
    await opened(visitor, world)
    wrong = form(world, short_name="", credit_code="125300004312060200", since="31.12.2025", department="")
    answer = await visitor.post(f"{UNITS}/new", wrong)
    assert answer.status_code == 422
    for words in (
        "请填写简称",
        "校验位",
        "请选择行政主管部门",
        "格式填写",
        "已被另一单位使用",
        "编号前缀“SLG”",
        "已有名为",
    ):
        assert words in answer.text
    assert 'value="125300004312060200"' in answer.text
    here = f"{UNITS}/{world.institute}"
    assert (await visitor.post(f"{here}/change", {"name": ""})).status_code == 422
    moved = await visitor.post(f"{here}/department", {"department": "", "since": ""})
    assert moved.status_code == 422
    assert "请填写生效日期" in moved.text
    own = await visitor.post(f"{UNITS}/{world.operator}/state", {"state": "suspended"}, page=f"{here}/state")
    assert own.status_code == 422


async def test_two_operators_at_once_and_the_same_form_twice_open_one_unit(site: Site, world: World) -> None:
    first, second = await operator(site, world), await operator(site, world)
    key = await first.form_key(f"{UNITS}/new")
    answers = [await first.post(f"{UNITS}/new", form(world), key=key) for _ in range(2)]
    assert {one.headers["location"] for one in answers} == {answers[0].headers["location"]}
    assert (await second.post(f"{UNITS}/new", form(world))).status_code == 422


async def test_a_province_is_changed_on_its_page(site: Site, world: World) -> None:
    visitor = await operator(site, world)
    assert (await visitor.post(PROVINCE, {"name": "", "short_name": "x" * 21, "mode": ""})).status_code == 422
    assert (await visitor.post(PROVINCE, {"name": "测试省", "short_name": "测", "mode": "advisory"})).status_code == 303
    assert "checked" in (await visitor.get(PROVINCE)).text


async def test_a_year_is_entered_marked_opened_and_a_day_taken_back(site: Site, world: World) -> None:
    visitor = await operator(site, world)
    for name, first, last in YEAR:
        entered = {"first_day": first, "last_day": last, "kind": "off", "name": name, "source": SOURCE, "area": ""}
        assert (await visitor.post(f"{CALENDAR}/days", entered)).headers[
            "location"
        ] == f"{CALENDAR}?year=2027&done=saved"
    year = f"{CALENDAR}?year=2027"
    assert "未安排" in (await visitor.get(CALENDAR, year=2027)).text
    unnamed = await visitor.post(f"{CALENDAR}/years", {"year": "2027", "source": ""}, page=year)
    assert (unnamed.status_code, "请填写依据文件" in unnamed.text) == (422, True)
    assert (await visitor.post(f"{CALENDAR}/years", {"year": "2027", "source": SOURCE}, page=year)).status_code == 303
    assert "整年安排完毕" in (await visitor.get(CALENDAR, year=2027)).text
    kept = await visitor.post(f"{CALENDAR}/days/2027-06-09/remove", {"area": ""}, page=year)
    assert (kept.status_code, "端午节" in kept.text) == (422, True)
    assert (await visitor.post(f"{CALENDAR}/years/2027/reopen", page=year)).status_code == 303
    assert (await visitor.post(f"{CALENDAR}/days/2027-06-09/remove", {"area": ""}, page=year)).status_code == 303
    assert (await visitor.post(f"{CALENDAR}/days/2027-06-09/remove", {"area": ""}, page=year)).status_code == 404


async def test_wrong_days_are_named_at_their_fields(site: Site, world: World) -> None:
    visitor = await operator(site, world)
    wrong = {
        "first_day": "2019-01-01",
        "last_day": "2018-12-31",
        "kind": "",
        "name": "",
        "source": "",
        "area": "无此州",
    }
    answer = await visitor.post(f"{CALENDAR}/days", wrong)
    assert answer.status_code == 422
    for words in (
        "日期须在",
        "最后一日早于第一日",
        "请选择放假或者上班",
        "请填写名称",
        "请填写依据文件",
        "没有单位登记",
    ):
        assert words in answer.text
    for year in ("", "abcd", "2026", "2099", "²"):
        marked = await visitor.post(f"{CALENDAR}/years", {"year": year, "source": SOURCE}, page=f"{CALENDAR}/days")
        assert marked.status_code == 422, year


@pytest.mark.parametrize(
    "address", [UNITS, f"{UNITS}/new", PROVINCE, CALENDAR, f"{CALENDAR}/days", f"{UNITS}/{{unit}}/change"]
)
async def test_nobody_else_comes_in(site: Site, world: World, address: str) -> None:
    address = address.format(unit=world.university)
    anonymous = await site.anonymous().get(address)
    assert anonymous.status_code == 303
    assert anonymous.headers["location"].startswith("/sign-in")
    for visitor in (
        await site.signed_in(world, world.university),
        await site.signed_in(world, world.science, "science_officer", kind="science"),
    ):
        assert (await visitor.get(address)).status_code == 404
    unheld = await site.signed_in(world, world.operator, "clerk", kind="operator")
    assert (await unheld.get(address)).status_code == 403


async def test_another_provinces_unit_does_not_exist(site: Site, world: World) -> None:
    other = await make_world(world.maintenance, world.web, world.tasks)
    visitor = await operator(site, world)
    for tail in ("", "/change", "/department", "/state"):
        answers = [await visitor.get(f"{UNITS}/{id_}{tail}") for id_ in (other.university, new_id())]
        assert [one.status_code for one in answers] == [404, 404]
        theirs, nothing = (without_keys(one.text) for one in answers)
        assert theirs == nothing
    key = await visitor.form_key(f"{UNITS}/new")
    assert (await visitor.post(f"{UNITS}/{other.university}/state", {"state": "suspended"}, key=key)).status_code == 404
    listed = await find_tenant(world.web, other.university)
    assert listed is not None
    assert listed.active


async def test_an_operator_reads_no_row_of_business(world: World) -> None:
    """The role itself: no grant on the ledger, on cases, notices or reports."""
    async with world.maintenance.connect() as connection:
        found = await connection.scalars(
            text(
                "select table_name::text from information_schema.role_table_grants "
                "where grantee = 'web_operator' and table_schema = 'app'"
            )
        )
        reached = set(found)
    assert not reached & {
        "achievement",
        "achievement_version",
        "notice",
        "empowerment_application",
        "annual_report",
        "person",
    }
