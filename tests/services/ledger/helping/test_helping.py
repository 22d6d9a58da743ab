"""A third-party agency helps with what is handed to it, sees nothing else, and nothing at all once it is over."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.home import queries as home
from services.home.delivering.workflow import announce, deliver
from services.ledger import queries as ledger
from services.ledger.helping import queries, workflow
from services.ledger.helping.forms import HandOverForm
from services.ledger.models import achievement, agency_task
from services.ledger.points import Point
from services.ledger.workflow import quarantine
from shared.audit.tables import audit_entry
from shared.clock import real_now
from shared.db.records import workflow_event
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ids import new_id
from shared.policy import load_pack
from tenants.registry import organisation
from tests.services.ledger.test_pages import HOME, made
from tests.services.ledger.test_workflow import registered
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

OWN = "/console/agency"


@dataclass
class Agencies:
    """Two transfer organisations of the world's province."""

    first: UUID
    second: UUID


@pytest.fixture
async def agencies(world: World) -> Agencies:
    return await two_agencies(world)


async def two_agencies(world: World) -> Agencies:
    found = Agencies(new_id(), new_id())
    async with world.maintenance.begin() as connection:
        for id_, name in ((found.first, "示例技术转移公司"), (found.second, "另一技术转移公司")):
            await connection.execute(
                insert(organisation).values(
                    id=id_, province_id=world.province_id, kind="agency", name=name, short_name=name, department_id=id_
                )
            )
            await connection.execute(
                text("select app.put_tenant(:id, :province, 'agency', :id, :alias, :name, true)"),
                {"id": id_, "province": world.province_id, "alias": id_.hex, "name": name},
            )
    return found


def form(agency: UUID, **changes: Any) -> HandOverForm:
    values = {
        "agency_id": agency,
        "service": "path_design",
        "first_day": date(2026, 3, 16),
        "last_day": date(2026, 4, 15),
        "instruction": "请设计转化路径",
        "shown": ["technical_field", "status"],
        "asks": ["market_prospect"],
    }
    return HandOverForm.model_validate({**values, **changes})


async def handed(world: World, agency: UUID, **changes: Any) -> tuple[UUID, UUID]:
    """(achievement, task) of the university's."""
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, technical_field="新材料", remark="内部备注")
        task_id = await workflow.hand_over(tx, row_id, form(agency, **changes))
        assert isinstance(task_id, UUID)
    return row_id, task_id


@pytest.mark.requirement("R082")
async def test_an_agency_sees_what_was_handed_to_it_and_no_row_of_the_ledger(world: World, agencies: Agencies) -> None:
    row_id, task_id = await handed(world, agencies.first)
    async with world.acting(agencies.first, "agency", "agency") as tx:
        (one,) = await queries.own_tasks(tx)
        assert (one.id, one.institution, one.handed["技术领域"]) == (task_id, "滇池示例大学", "新材料")
        assert "内部备注" not in str(one.handed)
        for table in ("achievement", "achievement_completer", "disclosure"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with tx.connection.begin_nested():
                    await tx.execute(text(f"select 1 from app.{table}"))
    async with world.acting(agencies.second, "agency", "agency") as tx:
        assert await tx.rows(select(agency_task.c.id)) == [], "the database shows it to one agency alone"
        assert await queries.own_task(tx, task_id) is None
        with pytest.raises(NotFound):
            await workflow.save(tx, task_id, "x", {}, 1)
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.end(tx, row_id, task_id, "x")


async def test_what_it_works_out_is_marked_as_its_own_and_taken_over_by_the_institution(
    world: World, agencies: Agencies
) -> None:
    row_id, task_id = await handed(world, agencies.first)
    words = {"market_prospect": "可许可给三家企业。", "name": "改名", "remark": "越权"}
    async with world.acting(agencies.first, "agency", "agency") as tx:
        assert await workflow.deliver(tx, task_id, "建议先许可后作价。", words, 1) is None
        late = await workflow.save(tx, task_id, "再改", {}, 2)
        assert isinstance(late, Refusal)
        assert late.status == 409
    async with world.acting(world.university) as tx:
        (row,) = await queries.tasks_of(tx, row_id)
        assert (row.state, row.proposed) == ("delivered", {"market_prospect": "可许可给三家企业。"})
        assert next(one.title for one in await queries.todos(tx)).startswith("示例技术转移公司 已交付")
        assert await workflow.accept(tx, row_id, task_id) is None
    async with world.acting(world.university) as tx:
        detail = await ledger.achievement_detail(tx, row_id)
        assert detail is not None
        assert (detail.row.market_prospect, detail.row.agency) == ("可许可给三家企业。", "示例技术转移公司")
        assert detail.row.name != "改名"
        assert detail.row.remark == "内部备注"
        by_agency = await tx.rows(
            select(audit_entry.c.action).where(
                audit_entry.c.tenant_id == world.university,
                audit_entry.c.actor_organisation_id == agencies.first,
                audit_entry.c.outcome == "done",
            )
        )
        assert {one.action for one in by_agency} == {"agency_task.save", "agency_task.deliver"}
        event = await tx.row(
            select(workflow_event.c.actor_organisation_id).where(
                workflow_event.c.tenant_id == world.university, workflow_event.c.event == "delivered_by_agency"
            )
        )
        assert event is not None
        assert event.actor_organisation_id == agencies.first
        again = await workflow.accept(tx, row_id, task_id)
        assert isinstance(again, Refusal)
    async with world.acting(agencies.first, "agency", "agency") as tx:
        assert await queries.own_tasks(tx) == []


async def test_it_may_go_back_to_the_agency_with_a_reason(world: World, agencies: Agencies) -> None:
    row_id, task_id = await handed(world, agencies.first)
    async with world.acting(agencies.first, "agency", "agency") as tx:
        await workflow.deliver(tx, task_id, "初稿", {}, 1)
    async with world.acting(world.university) as tx:
        assert await workflow.give_back(tx, row_id, task_id, "请写明对象") is None
    async with world.acting(agencies.first, "agency", "agency") as tx:
        row = await queries.own_task(tx, task_id)
        assert row is not None
        assert (row.state, row.reason) == ("open", "请写明对象")
        assert not isinstance(await workflow.save(tx, task_id, "二稿", {}, row.revision), Refusal)


@pytest.mark.parametrize("how", ["end", "quarantine", "period"])
async def test_it_ends_at_once_or_with_its_last_day_in_the_database_too(
    world: World, agencies: Agencies, how: str
) -> None:
    row_id, task_id = await handed(world, agencies.first)
    if how == "period":
        async with world.acting(agencies.first, "agency", "agency", at=at("2026-04-15")) as tx:
            assert await queries.own_task(tx, task_id) is not None
        async with world.acting(agencies.first, "agency", "agency", at=at("2026-04-16")) as tx:
            assert await queries.own_task(tx, task_id) is None, "before any job has run"
        async with world.working(world.university, at=at("2026-04-16")) as tx:
            assert await workflow.end_over(tx) == 1
        async with world.working(world.university, at=at("2026-04-17")) as tx:
            assert await workflow.end_over(tx) == 0
    else:
        async with world.acting(world.university) as tx:
            if how == "end":
                assert await workflow.end(tx, row_id, task_id, "合同解除") is None
            else:
                assert await quarantine(tx, row_id, "疑似涉密") is None
    async with world.acting(agencies.first, "agency", "agency") as tx:
        assert await tx.scalar(select(func.count()).select_from(agency_task)) == 0
        with pytest.raises(NotFound):
            await workflow.save(tx, task_id, "x", {}, 1)
    async with world.acting(world.university) as tx:
        (row,) = await queries.tasks_of(tx, row_id)
        assert row.ended_at is not None
        refusal = await workflow.give_back(tx, row_id, task_id, "x")
        assert isinstance(refusal, Refusal)


async def told(world: World, agency: UUID) -> list[str]:
    """The titles of the messages that the university's outbox and the tasks it asks for make for an agency."""
    async with world.working(world.university) as tx:
        await deliver(tx, None)
    async with world.maintenance.connect() as connection:
        asked = list(
            await connection.scalars(
                text(
                    "select message -> 'kwargs' from app.task_queue where message ->> 'actor_name' = 'announce' "
                    "and message -> 'kwargs' ->> 'tenant' = :agency"
                ),
                {"agency": str(agency)},
            )
        )
    for one in asked:
        words = {name: one[name] for name in ("news", "title", "text", "href", "to_permission")}
        async with world.working(agency) as tx:
            await announce(tx, words.pop("news"), words)
    async with world.working(agency) as tx:
        await deliver(tx, None)
    async with world.acting(agency, "agency", "finance") as tx:
        found = await home.messages(tx)
    assert {one.text for one in found} <= {"单位：滇池示例大学"}
    assert {one.href for one in found} <= {OWN}
    return [one.title for one in found]


@pytest.mark.requirement("R082")
async def test_an_agency_is_told_of_what_is_handed_over_returned_and_ended(world: World, agencies: Agencies) -> None:
    row_id, task_id = await handed(world, agencies.first)
    assert await told(world, agencies.first) == ["有一项新的委托"]
    async with world.acting(agencies.first, "agency", "agency") as tx:
        await workflow.deliver(tx, task_id, "初稿", {}, 1)
    async with world.acting(world.university) as tx:
        await workflow.give_back(tx, row_id, task_id, "请写明对象")
        assert isinstance(await workflow.give_back(tx, row_id, task_id, "再退"), Refusal), "which tells nobody"
        assert await quarantine(tx, row_id, "疑似涉密") is None
    assert sorted(await told(world, agencies.first)) == sorted(
        ["有一项新的委托", "交付的委托服务被退回修改", "一项委托已经结束"]
    )
    assert await told(world, agencies.second) == []


async def test_before_its_first_day_it_is_not_there(world: World, agencies: Agencies) -> None:
    _, task_id = await handed(world, agencies.first, first_day=date(2026, 3, 20))
    async with world.acting(agencies.first, "agency", "agency") as tx:
        assert await queries.own_task(tx, task_id) is None
    async with world.acting(agencies.first, "agency", "agency", at=at("2026-03-20")) as tx:
        assert await queries.own_task(tx, task_id) is not None


async def test_what_cannot_be_handed_over_is_refused(world: World, agencies: Agencies) -> None:
    row_id, _ = await handed(world, agencies.first)
    async with world.acting(world.university) as tx:
        twice = await workflow.hand_over(tx, row_id, form(agencies.first))
        assert isinstance(twice, Refusal)
        assert twice.status == 409
        unknown = await workflow.hand_over(tx, row_id, form(agencies.first, service="lobbying"))
        assert isinstance(unknown, Refusal)
        assert unknown.citation is not None
        assert (unknown.citation.article, unknown.inputs["code"]) == ("第十四条", "lobbying")
        with pytest.raises(FormInvalid):
            await workflow.hand_over(tx, row_id, form(world.finance))
        with pytest.raises(NotFound):
            await workflow.hand_over(tx, new_id(), form(agencies.first))


async def test_custody_stands_in_the_ledger_while_it_lasts(world: World, agencies: Agencies) -> None:
    row_id, task_id = await handed(world, agencies.first, service="custody")
    async with world.acting(world.university) as tx:
        row = await tx.row(select(achievement.c.custody).where(achievement.c.id == row_id))
        assert row is not None
        assert (row.custody["agency"], row.custody["to"]) == ("示例技术转移公司", "2026-04-15")
    async with world.acting(world.university) as tx:
        assert await workflow.end(tx, row_id, task_id, "收回") is None
    async with world.acting(world.university) as tx:
        row = await tx.row(select(achievement.c.custody).where(achievement.c.id == row_id))
        assert row is not None
        assert row.custody is None


@pytest.mark.requirement("R082")
@pytest.mark.parametrize(("region", "article"), [("cn-53", "第十四条"), ("cn-22", "第十二条")])
def test_the_six_services_stand_in_the_text(region: str, article: str) -> None:
    pack = load_pack(region)
    services = pack.enumeration("agency_service")
    assert list(services) == [
        "pre_patent_disclosure", "value_assessment", "path_design", "protection", "financing", "custody",
    ]  # fmt: skip
    for code, item in services.items():
        cited = pack.citation(f"enumerations.agency_service.{code}")
        assert cited.article == article
        assert item.label[-4:] in cited.quote


async def test_both_sides_by_their_pages(site: Site, world: World, agencies: Agencies) -> None:
    row_id = await made(world)
    page = f"{HOME}/{row_id}/agency"
    clerk = await site.signed_in(world, world.university)
    assert "没有委托第三方机构" in (await clerk.get(page)).text
    sent: dict[str, Any] = {
        "agency_id": str(agencies.first), "service": "value_assessment", "first_day": "2026-03-16",
        "last_day": "2026-03-01", "shown": ["status"], "asks": ["market_prospect", "name"],
    }  # fmt: skip
    wrong = await clerk.post(page, {**sent, "agency_id": "", "service": ""})
    assert wrong.status_code == 422
    for field in ("agency_id", "service"):
        assert f'href="#f-{field}"' in wrong.text, field
    assert "早于开始日" in (await clerk.post(page, sent)).text
    sent["last_day"] = "2099-12-31"
    sent["first_day"] = "2020-01-01"
    key = await clerk.form_key(page)
    assert [(await clerk.post(page, sent, key=key)).status_code for _ in range(2)] == [303, 303]
    agent = await site.signed_in(world, agencies.first, "agency", kind="agency")
    landing = await agent.get("/console/")
    assert (landing.status_code, landing.headers["location"]) == (303, OWN)
    listed = (await agent.get(OWN)).text
    assert "滇池示例大学" in listed
    async with world.acting(world.university) as tx:
        (task,) = await queries.tasks_of(tx, row_id)
    assert task.asks == ["market_prospect"]
    own = f"{OWN}/{task.id}"
    empty = await agent.post(f"{own}/deliver", {"revision": "1"}, page=own)
    assert "请填写服务成果后再交付" in empty.text
    assert (await agent.post(own, {"revision": "1", "body": "草稿"})).status_code == 303
    stale = await agent.post(own, {"revision": "1", "body": "旧页面"})
    assert stale.status_code == 409
    work = {"revision": "2", "body": "评估报告要点", "proposed-market_prospect": "前景良好"}
    assert (await agent.post(f"{own}/deliver", work, page=own)).status_code == 303
    assert "已交付的内容" in (await agent.get(own)).text
    shown = (await clerk.get(page)).text
    assert "评估报告要点" in shown
    assert "由机构填写" in shown
    back = f"{page}/{task.id}"
    assert (await clerk.post(f"{back}/return", {"reason": ""}, page=page)).status_code == 422
    assert (await clerk.post(f"{back}/return", {"reason": "补充可比案例"}, page=page)).status_code == 303
    assert "补充可比案例" in (await agent.get(own)).text
    assert (await agent.post(f"{own}/deliver", {**work, "revision": "3"}, page=own)).status_code == 303
    assert (await clerk.post(f"{back}/accept", page=page)).status_code == 303
    assert "前景良好" in (await clerk.get(f"{HOME}/{row_id}")).text
    assert (await clerk.post(f"{back}/end", {"reason": "x"}, page=page)).status_code == 409
    gone, unknown = await agent.get(own), await agent.get(f"{OWN}/{new_id()}")
    assert (gone.status_code, gone.content) == (404, unknown.content)


async def test_nobody_else_reaches_either_side(site: Site, world: World, agencies: Agencies) -> None:
    row_id, task_id = await handed(world, agencies.first, first_day=date(2020, 1, 1), last_day=date(2099, 1, 1))
    other = await site.signed_in(world, agencies.second, "agency", kind="agency")
    theirs, unknown = await other.get(f"{OWN}/{task_id}"), await other.get(f"{OWN}/{new_id()}")
    assert (theirs.status_code, theirs.content) == (404, unknown.content)
    agent = await site.signed_in(world, agencies.first, "agency", kind="agency")
    assert (await agent.get(f"{HOME}/{row_id}")).status_code == 404
    assert (await agent.get("/console/reports")).status_code == 403
    completer = await site.signed_in(world, world.university, "completer")
    page = f"{HOME}/{row_id}/agency"
    assert 'method="post"' not in (await completer.get(page)).text.split("<main")[-1]
    key = await completer.form_key(HOME)
    assert (await completer.post(f"{page}/{task_id}/end", {"reason": "x"}, key=key)).status_code == 403
    stranger = await site.signed_in(world, world.institute)
    assert (await stranger.get(page)).status_code == 404
    assert (await site.anonymous().get(OWN)).headers["location"].startswith("/sign-in")
    finance = await site.signed_in(world, world.finance, "finance_officer", kind="finance")
    assert (await finance.get(OWN)).status_code == 403


@pytest.mark.requirement("R205")
async def test_a_task_is_told_in_the_state_of_the_day_and_of_the_instant(
    site: Site, world: World, agencies: Agencies
) -> None:
    row_id, task_id = await handed(world, agencies.first)
    known = real_now()
    async with world.acting(world.university, at=at("2026-03-20")) as tx:
        assert await workflow.end(tx, row_id, task_id, "改由本单位办理") is None
    async with world.acting(world.university, at=at("2026-03-21")) as tx:
        for point, states in (
            (Point(), ["ended"]), (Point(date(2026, 3, 19)), ["open"]), (Point(date(2026, 3, 20)), ["ended"]),
            (Point(None, known), ["open"]), (Point(date(2026, 3, 15)), []),
        ):  # fmt: skip
            found = await queries.tasks_of(tx, row_id, point)
            assert [one.state for one in found] == states, point
            assert all((one.reason is None) == (one.state == "open") for one in found), point
    clerk = await site.signed_in(world, world.university)
    page = (await clerk.get(f"/institution/ledger/{row_id}/agency", as_of="2026-03-19")).text
    assert "回到今天" in page
    assert "终止委托" not in page
    assert f'href="/institution/ledger/{row_id}/rights?as_of=2026-03-19"' in page
