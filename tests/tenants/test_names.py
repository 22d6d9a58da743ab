"""A rename holds from its day: today's pages say the new name, what is of the past says the name of then."""

import io
import re
from datetime import date

import openpyxl
import pytest
from sqlalchemy import select

from services.annual_report.reviewing import queries as reviewing
from services.ledger import export
from services.ledger.forms import filters_of
from services.ledger.models import export_job
from shared.audit.tables import audit_entry
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants import registration
from tenants.names import former_names, own_former_name
from tests.services.annual_report.arranging import YEAR, small_ledger, submitted
from tests.services.notices.arranging import at
from tests.tenants.test_registration import acting, errors, form, opened
from tests.web import Site
from tests.world import START, World

OLD, NEW = "滇池示例大学", "滇池示例理工大学"


def plain(text: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"<[^>]+>", "", text)


def change(world: World, **values: str) -> dict[str, str]:
    return {"unit_kind": "university", "name": NEW, "short_name": "滇理", "alias": world.university.hex, "prefix": "CS",
            "area": "", **values}  # fmt: skip


async def renamed(world: World, day: str = "2026-03-10") -> None:
    async with acting(world) as tx:
        assert await registration.change(tx, world.university, change(world, renamed_on=day))


async def test_pages_and_exports_of_a_past_day_say_the_name_of_then(
    site: Site, world: World, configuration: Settings
) -> None:
    clerk = await site.signed_in(world, world.university, "clerk")
    await small_ledger(world)
    await renamed(world)
    then, after = await clerk.get("/institution/ledger", as_of="2026-03-09"), await clerk.get(
        "/institution/ledger", as_of="2026-03-10"
    )  # fmt: skip
    assert f"本单位该日名称为“{OLD}”" in then.text
    assert "本单位该日名称" not in after.text
    assert f'<div class="fine">{NEW}</div>' in after.text, "whoever is signed in sees the new name at once"
    assert f"2026-03-10 前称 {OLD}" in plain((await clerk.get("/institution/settings")).text)
    for day, said in (("2026-03-09", True), ("2026-03-10", False)):
        asked = await clerk.post("/institution/ledger/exports", {"as_of": day}, page="/institution/ledger")
        async with world.working(world.university) as tx:
            own = (export_job.c.tenant_id == world.university, export_job.c.state == "queued")
            (job,) = await tx.rows(select(export_job).where(*own))
            filters = filters_of(job.filters, date(2026, 11, 1))
            assert await export.write_export(tx, job.id, ObjectStore(configuration), filters, "-number") is None
        file = await clerk.get(f"{asked.headers['location']}/file")
        head = openpyxl.load_workbook(io.BytesIO(file.content)).active["A1"].value
        assert (f"时称 {OLD}" in head) is said


async def test_a_report_keeps_the_name_under_which_it_came_and_is_found_by_it(world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    await renamed(world, str(START.date()))
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert [row.sender for row in await reviewing.received(tx, YEAR)] == [NEW], "it came on the day of the rename"
        assert len(await reviewing.received_from(tx, OLD)) == 1
    async with world.maintenance.begin() as connection:
        await connection.exec_driver_sql(
            f"update app.former_name set until = '2026-03-17' where organisation_id = '{world.university}'"
        )
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert [row.sender for row in await reviewing.received(tx, YEAR)] == [OLD]


async def test_each_day_has_its_name_and_a_correction_leaves_none(world: World) -> None:
    await renamed(world, "2026-03-10")
    async with world.acting(world.operator, "operator", "operator", at=at("2026-05-05")) as tx:
        again = change(world, name="云岭示例大学", renamed_on="2026-05-01")
        assert await registration.change(tx, world.university, again)
        assert await registration.change(tx, world.university, change(world, name="滇云示例大学"))
        assert [(row.name, row.until) for row in await former_names(tx, world.university)] == [
            (NEW, date(2026, 5, 1)), (OLD, date(2026, 3, 10)),
        ]  # fmt: skip
    async with world.acting(world.university) as tx:
        said = [await own_former_name(tx, date(*day)) for day in ((2026, 3, 9), (2026, 4, 30), (2026, 5, 1))]
    assert said == [OLD, NEW, ""]
    async with world.maintenance.connect() as connection:
        logged = await connection.scalars(
            select(audit_entry.c.details).where(
                audit_entry.c.action == "organisation.rename", audit_entry.c.object_id == world.university
            )
        )
        assert {one["renamed_on"] for one in logged} == {"2026-03-10", "2026-05-01"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": OLD, "renamed_on": "2026-03-01"}, "名称没有变化"),
        ({"renamed_on": "2026-03-17"}, "须在"),
        ({"renamed_on": "3月1日"}, "格式填写"),
    ],
)
async def test_a_day_that_does_not_fit_is_said(world: World, values: dict[str, str], words: str) -> None:
    async with acting(world) as tx:
        assert words in (await errors(registration.change(tx, world.university, change(world, **values))))["renamed_on"]


async def test_a_rename_begins_after_the_one_before(world: World) -> None:
    await renamed(world, "2026-03-10")
    async with acting(world) as tx:
        early = change(world, name="云岭示例大学", renamed_on="2026-03-10")
        assert "晚于上一次更名" in (await errors(registration.change(tx, world.university, early)))["renamed_on"]


async def test_the_operators_page_shows_what_a_unit_was_called(site: Site, world: World) -> None:
    unit = await opened(world)
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    here = f"/operator/organisations/{unit}"
    sent = form(world, name="示例工业大学", renamed_on="2026-05-01")
    assert (await operator.post(f"{here}/change", sent)).status_code == 303
    assert "2026-05-01 前称 示例理工大学" in plain((await operator.get(here)).text)
