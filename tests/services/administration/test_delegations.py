"""委托代办: whom one may lend what, what is then recorded for whom, and how it ends."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from services.administration.accounts import workflow as accounts
from services.administration.delegating import workflow
from services.administration.delegating.forms import DelegationForm
from services.administration.delegating.models import delegation
from shared.audit.tables import audit_entry
from shared.db.records import outbox, workflow_event
from shared.errors import FormInvalid, Refusal
from shared.ids import new_id
from shared.workflow import record_event
from tenants.people import account
from tenants.permissions import PERSONAL, ROLES
from tests.services.administration.people import SECURITY, signing_in
from tests.services.empowerment.arranging import applied, prepare
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import at
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/delegations"
REVIEW = "institution:empowerment:review"
EXPORT = "institution:dossier:export"
TODAY = at("2026-03-10")
SOON = date(2026, 3, 12)


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, TODAY):
        yield


@pytest.fixture
async def people(world: World) -> dict[str, UUID]:
    """Who signs in at the university, by role."""
    roles = ("clerk", "department_head", "leadership", "finance", "completer", SECURITY)
    return {role: await signing_in(world, world.university, role) for role in roles}


def form_of(delegate: UUID, *permissions: str, **changes: object) -> DelegationForm:
    base = {"delegate": delegate, "permissions": list(permissions), "first_day": TODAY.date(), "last_day": SOON}
    return DelegationForm.model_validate({**base, "reason": "出差", **changes})


async def lend(world: World, lender: str, delegate: UUID, *permissions: str, **changes: object) -> UUID:
    async with world.acting(world.university, lender, at=TODAY) as tx:
        return await workflow.lend(tx, form_of(delegate, *permissions, **changes))


async def refused_for(
    world: World, lender: str, delegate: UUID, *permissions: str, **changes: object
) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refused:
        await lend(world, lender, delegate, *permissions, **changes)
    return refused.value.errors


async def returned(visitor: Visitor, application_id: UUID) -> int:
    address = f"/institution/empowerment/{application_id}/return"
    form = {"field": "explanation", "reason": "请补充说明"}
    opened = await visitor.get(address)
    if opened.status_code != 200:
        return opened.status_code
    return (await visitor.post(address, form)).status_code


@pytest.mark.requirement("R179")
async def test_what_is_lent_is_done_as_one_for_another_and_ends_by_itself(
    site: Site, world: World, people: dict[str, UUID]
) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    leader = await site.signed_in(world, world.university, "leadership")
    assert await returned(leader, application_id) == 403
    clerk = await site.signed_in(world, world.university, "clerk")
    sent = {
        "delegate": str(people["leadership"]), "permissions": [REVIEW], "first_day": "2026-03-11",
        "last_day": "2026-03-12", "reason": "出差",
    }  # fmt: skip
    lent = await clerk.post(f"{HOME}/new", sent)
    assert lent.status_code == 303
    address = lent.headers["location"].partition("?")[0]
    assert await returned(leader, application_id) == 403  # not yet
    for visitor in (clerk, leader):
        assert "尚未开始" in (await visitor.get(HOME)).text
    async with clock_at(world, at("2026-03-12", 23)):
        assert "代 测试clerk" in (await leader.get("/institution/settings/permissions")).text
        assert await returned(leader, application_id) == 303
        for visitor in (clerk, leader):
            assert "退回" in (await visitor.get(address)).text
        case = (await clerk.get(f"/institution/empowerment/{application_id}")).text
        assert "测试leadership（代 测试clerk）" in case
        log = (await clerk.get("/institution/audit", object=str(application_id))).text
        assert "测试leadership（代 测试clerk）" in log
    async with clock_at(world, at("2026-03-13", 0)):
        assert await returned(leader, application_id) == 403
        assert "已到期" in (await leader.get(HOME)).text
    async with world.maintenance.connect() as connection:
        for table in (workflow_event, audit_entry):
            rows = await connection.execute(
                select(table.c.details).where(
                    table.c.actor_id == people["leadership"], table.c.details["on_behalf_of"].is_not(None)
                )
            )
            assert {row.details["on_behalf_of"] for row in rows} == {str(people["clerk"])}
        told = await connection.execute(select(outbox.c.payload).where(outbox.c.tenant_id == world.university))
        assert any(row.payload.get("to_person") == str(people["leadership"]) for row in told)


@pytest.mark.requirement("R179")
@pytest.mark.requirement("R192")
async def test_one_case_alone_can_be_lent(site: Site, world: World, people: dict[str, UUID]) -> None:
    application_id = await applied(world, await prepare(world))
    await lend(world, "clerk", people["finance"], REVIEW, application=str(application_id))
    finance = await site.signed_in(world, world.university, "finance")
    assert await returned(finance, new_id()) == 403
    assert await returned(finance, application_id) == 303


async def test_only_what_one_may_do_oneself_can_be_lent(world: World, people: dict[str, UUID]) -> None:
    errors = await refused_for(world, "clerk", people["finance"], "institution:empowerment:sign")
    assert "有权办理" in errors["permissions"]
    for permission in sorted(PERSONAL & ROLES["clerk"].permissions):
        errors = await refused_for(world, "clerk", people["finance"], permission)
        assert "有权办理" in errors["permissions"], permission


async def test_what_was_lent_is_not_lent_on(world: World, people: dict[str, UUID]) -> None:
    await lend(world, "department_head", people["finance"], EXPORT)
    assert "有权办理" in (await refused_for(world, "finance", people["completer"], EXPORT))["permissions"]


async def test_both_sides_of_one_act_do_not_come_together_by_lending(world: World, people: dict[str, UUID]) -> None:
    head = await refused_for(world, "department_head", people["clerk"], "institution:report:submit")
    clerk = await refused_for(world, "clerk", people["leadership"], "institution:report:write")
    assert "经办与批准" in head["permissions"]
    assert "经办与批准" in clerk["permissions"]


async def test_who_acted_on_the_one_case_is_not_lent_it(world: World, people: dict[str, UUID]) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    async with world.maintenance.connect() as connection:
        event = workflow_event.c
        applicant = await connection.scalar(
            select(event.actor_id).where(event.case_id == application_id, event.event == "submitted")
        )
    role = next(role for (tenant, role), one in world.people.items() if one == applicant and tenant == ready.tenant)
    person = people.get(role) or await signing_in(world, world.university, role)
    if person != applicant:
        pytest.skip("the applicant of the arrangement does not sign in")
    errors = await refused_for(world, "clerk", person, REVIEW, application=str(application_id))
    assert "经办过" in errors["application"]


async def test_who_entered_a_case_does_not_approve_it_for_another(
    site: Site, world: World, people: dict[str, UUID]
) -> None:
    """Lent for every case, and then somebody enters one of their own."""
    application_id = await applied(world, await prepare(world))
    await lend(world, "clerk", people["finance"], REVIEW)
    async with world.acting(world.university, "finance", at=TODAY) as tx:
        await record_event(tx, "empowerment", application_id, "rules_followed")
    finance = await site.signed_in(world, world.university, "finance")
    assert await returned(finance, application_id) == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_day": TODAY.date() - timedelta(days=1)}, "first_day"),
        ({"last_day": TODAY.date() - timedelta(days=1)}, "last_day"),
        ({"last_day": TODAY.date() + timedelta(days=400)}, "last_day"),
        ({"reason": "交给测试finance"}, "reason"),
        ({"application": str(new_id())}, "application"),
        ({"permissions": []}, "permissions"),
    ],
)
async def test_a_wrong_form_is_told_field_by_field(
    world: World, people: dict[str, UUID], changes: dict[str, object], field: str
) -> None:
    errors = await refused_for(world, "clerk", people["finance"], REVIEW, **changes)
    assert field in errors
    assert all(errors.values())


async def test_nobody_lends_to_themself_or_to_another_unit(world: World, people: dict[str, UUID]) -> None:
    stranger = await signing_in(world, world.institute, "leadership")
    for delegate in (people["clerk"], stranger):
        assert "delegate" in await refused_for(world, "clerk", delegate, REVIEW)


async def test_it_ends_early_by_either_or_by_the_security_administrator(
    site: Site, world: World, people: dict[str, UUID]
) -> None:
    leader = await site.signed_in(world, world.university, "leadership")
    assert (await leader.get("/institution/empowerment")).status_code == 200
    for role in ("clerk", "leadership", SECURITY):
        delegation_id = await lend(world, "clerk", people["leadership"], REVIEW)
        visitor = await site.signed_in(world, world.university, role)
        ended = await visitor.post(f"{HOME}/{delegation_id}/end", page=f"{HOME}/{delegation_id}")
        assert ended.status_code == 303, role
        assert "没有受托事项" in (await leader.get("/institution/settings/permissions")).text
    async with world.acting(world.university, "clerk", at=TODAY) as tx:
        again = await workflow.end(tx, delegation_id)
    assert isinstance(again, Refusal)


async def test_others_do_not_see_it(site: Site, world: World, people: dict[str, UUID]) -> None:
    delegation_id = await lend(world, "clerk", people["leadership"], REVIEW)
    for tenant, role, wanted in (
        (world.university, "finance", 404),
        (world.university, "clerk", 200),
        (world.university, "leadership", 200),
        (world.university, SECURITY, 200),
        (world.institute, "clerk", 404),
    ):
        visitor = await site.signed_in(world, tenant, role)
        found, unknown = await visitor.get(f"{HOME}/{delegation_id}"), await visitor.get(f"{HOME}/{new_id()}")
        assert found.status_code == wanted, (tenant, role)
        assert unknown.status_code == 404
        assert wanted == 200 or found.text == unknown.text
    overseer = await site.signed_in(world, world.university, SECURITY)
    assert "代办内容由委托双方查看" in (await overseer.get(f"{HOME}/{delegation_id}")).text
    assert "测试leadership" in (await overseer.get(f"{HOME}/all")).text
    finance = await site.signed_in(world, world.university, "finance")
    assert (await finance.get(f"{HOME}/all")).status_code == 403
    assert (await site.anonymous().get(HOME)).status_code == 303


async def test_it_gives_no_more_than_the_lender_still_has(site: Site, world: World, people: dict[str, UUID]) -> None:
    lender = await signing_in(world, world.university, "lender", "nobody")
    async with world.acting(world.university, SECURITY, at=TODAY) as tx:
        await accounts.assign_roles(tx, lender, ["clerk"], "任职文件")
    await lend(world, "lender", people["leadership"], REVIEW)
    leader = await site.signed_in(world, world.university, "leadership")
    assert "代 测试lender" in (await leader.get("/institution/settings/permissions")).text
    async with world.acting(world.university, SECURITY, at=TODAY) as tx:
        await accounts.assign_roles(tx, lender, [], "免职文件")
    assert "代 测试lender" not in (await leader.get("/institution/settings/permissions")).text


async def test_the_database_refuses_a_period_that_runs_backwards(world: World, people: dict[str, UUID]) -> None:
    values = {
        "tenant_id": world.university, "id": new_id(), "province_id": world.province_id, "lender_id": people["clerk"],
        "delegate_id": people["finance"], "permissions": [REVIEW], "first_day": SOON, "last_day": TODAY.date(),
        "reason": "r", "lent_at": TODAY,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="delegation_period_check"):
        async with world.maintenance.begin() as connection:
            await connection.execute(insert(delegation).values(values))


async def test_what_the_provider_took_from_the_lender_is_not_done_for_them(
    site: Site, world: World, people: dict[str, UUID]
) -> None:
    """Their roles at the provider are known from the next sign-in on, also to those who act for them."""
    application_id = await applied(world, await prepare(world))
    await lend(world, "clerk", people["leadership"], REVIEW)
    leader = await site.signed_in(world, world.university, "leadership")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(account).where(account.c.person_id == people["clerk"]).values(roles=["completer"])
        )
    assert await returned(leader, application_id) == 403
