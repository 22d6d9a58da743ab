"""What is suspected to be classified is read by the secrecy office alone, on every page, in every list, file and message."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.empowerment import queries as empowerment
from services.home.delivering.workflow import deliver
from services.home.erasing.commands import carry_out_all
from services.home.erasing.queries import order_of
from services.home.erasing.workflow import order_wipe
from services.ledger.workflow import quarantine
from shared.audit.verification import verify_chain
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.empowerment.arranging import announced, prepare
from tests.services.home.erasing.test_wiping import saying, stored
from tests.services.ledger.disclosure.test_pages import FORM, NEW, begun
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

NAME = "一种高原湖泊蓝藻原位絮凝装置"


ROLES = ("completer", "clerk", "department_head", "leadership", "finance", "asset", "discipline")


@pytest.mark.requirement("R213", "R192")
async def test_nobody_but_the_secrecy_office_reads_what_is_quarantined(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.working(ready.tenant) as tx:
        await deliver(tx, None)
    async with world.acting(ready.tenant) as tx:
        notices = await empowerment.notice_ids_of(tx, application_id)
    record = f"/institution/ledger/{ready.achievement_id}"
    case = f"/institution/empowerment/{application_id}"
    addresses = [
        "/institution", "/institution/todo", "/institution/matters", "/institution/messages", "/institution/mine",
        "/institution/disclosures", "/institution/ledger", "/institution/ledger?as_of=2026-03-01",
        "/institution/ledger?q=絮凝", "/institution/empowerment", "/institution/notices", "/institution/audit",
        "/institution/audit/export", "/institution/dashboard", "/institution/reports", "/institution/claims",
        record, f"{record}?as_of=2026-03-01", f"{record}/timeline", f"{record}/stage", f"{record}/rights",
        f"{record}/correct", f"{record}/accounting", f"{record}/ownership", f"{record}/losses", case,
        f"/institution/dossiers/achievement/{ready.achievement_id}", f"/institution/dossiers/empowerment/{application_id}",
        *(f"/institution/notices/{one}" for one in notices),
    ]  # fmt: skip
    before = await site.signed_in(world, ready.tenant, "clerk")
    assert NAME in (await before.get(case)).text, "the test looks at what it should"
    assert NAME in (await before.get("/institution/messages")).text
    async with world.acting(ready.tenant) as tx:
        assert await quarantine(tx, ready.achievement_id, "疑似涉密") is None
    told = []
    for role in ROLES:
        visitor = await site.signed_in(world, ready.tenant, role)
        for address in addresses:
            answer = await visitor.get(address)
            assert answer.status_code in (200, 403, 404), (role, address, answer.status_code)
            told += [(role, address)] if NAME in answer.text else []
    assert not told, sorted(set(told))
    office = await site.signed_in(world, ready.tenant, "secrecy")
    assert NAME in (await office.get(f"/institution/secrecy/{ready.achievement_id}")).text
    assert (await office.get(record)).status_code == 403
    clerk = await site.signed_in(world, ready.tenant, "clerk")
    assert (await clerk.get(f"/institution/secrecy/{ready.achievement_id}")).status_code == 403
    async with world.maintenance.connect() as connection:
        reads = await connection.scalar(
            text(
                "select count(*) from app.audit_entry where tenant_id = :t and action = 'achievement.read_quarantined'"
            ),
            {"t": ready.tenant},
        )
    assert reads == 1


async def test_the_office_releases_or_orders_the_wipe_with_a_reason_that_does_not_say_it(
    site: Site, world: World
) -> None:
    ready = await prepare(world)
    async with world.acting(ready.tenant) as tx:
        await quarantine(tx, ready.achievement_id, "疑似涉密")
    office = await site.signed_in(world, ready.tenant, "secrecy")
    page = f"/institution/secrecy/{ready.achievement_id}"
    assert (await office.post(f"{page}/release", {"reason": ""}, page=page)).status_code == 422
    assert (await office.post(f"{page}/release", {"reason": "核实不涉密"}, page=page)).status_code == 303
    clerk = await site.signed_in(world, ready.tenant, "clerk")
    assert NAME in (await clerk.get(f"/institution/ledger/{ready.achievement_id}")).text
    async with world.acting(ready.tenant) as tx:
        await quarantine(tx, ready.achievement_id, "再次疑似")
    said = await office.post(f"{page}/wipe", {"reason": f"{NAME}涉密"}, page=page)
    assert said.status_code == 422
    assert "理由中不能写" in said.text
    assert (await office.post(f"{page}/wipe", {"reason": "经认定涉密"}, page=page)).status_code == 303
    assert "等待清除" in (await office.get(page)).text
    overview = (await office.get("/institution/secrecy")).text
    assert "等待执行" in overview
    async with world.acting(ready.tenant) as tx:
        order = await order_of(tx, ready.achievement_id)
    assert order is not None
    assert "清除命令" in (await office.get(f"/institution/secrecy/orders/{order.id}")).text
    stranger = await site.signed_in(world, world.institute, "secrecy")
    assert (await stranger.get(page)).status_code == 404
    assert (await stranger.get(f"/institution/secrecy/orders/{order.id}")).status_code == 404


async def test_a_name_too_short_to_be_looked_for_is_wiped_beside_other_records(world: World) -> None:
    async with world.acting(world.university) as tx:
        short = await registered(tx, "甲")
        await registered(tx, "一种示例装置")
        assert await quarantine(tx, short, "疑似涉密") is None
    async with world.acting(world.university, "secrecy") as tx:
        assert await order_wipe(tx, short, "经认定涉密") is None


async def counted(world: World) -> list[tuple[object, ...]]:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            text("select month, n from app.secrecy_count where tenant_id = :t"), {"t": world.university}
        )
        return [tuple(row) for row in rows]


@pytest.mark.requirement("R213")
async def test_a_classified_answer_leaves_a_number_of_the_month_where_the_unit_allows_it(
    site: Site, world: World
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    yes = {"classified": "yes", "key_technology": "no"}
    assert (await researcher.post(NEW, yes)).status_code == 422
    assert await counted(world) == []
    office = await site.signed_in(world, world.university, "secrecy")
    page = "/institution/secrecy"
    assert (await office.post(f"{page}/counting", {"counted": "maybe"}, page=page)).status_code == 422
    assert (await office.post(f"{page}/counting", {"counted": "yes"}, page=page)).status_code == 303
    for answer in (yes, yes, {**yes, "classified": "suspected"}):
        assert (await researcher.post(NEW, answer)).status_code == 422
    ((month, n),) = await counted(world)
    assert n == 2
    assert f"{month:%Y-%m}" in (await office.get(page)).text
    async with world.maintenance.connect() as connection:
        said = await connection.scalar(
            text("select count(*) from app.audit_entry where tenant_id = :t and action <> 'secrecy.decide_counting'"),
            {"t": world.university},
        )
    assert said == 0, "who answered is not known"


@pytest.mark.requirement("R213")
async def test_a_draft_that_turns_out_to_be_classified_is_emptied(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    key = await researcher.form_key(edit)
    draft = edit.replace("/edit", "/draft")
    form = {**FORM, "name": "玄武岩某型部件", "remark": "玄武岩备注", "team": "申屠某某"}
    await researcher.client.post(draft, params={"form_key": key}, data=form)
    other = await site.signed_in(world, world.university, "clerk")
    wipe = edit.replace("/edit", "/wipe")
    assert (await other.post(wipe, page="/institution/disclosures/new")).status_code == 404
    assert (await researcher.post(wipe, page=edit)).status_code == 303
    async with world.maintenance.connect() as connection:
        for table in ("disclosure", "person", "workflow_event", "decision", "audit_entry", "erasure_order"):
            said = await connection.scalar(
                text(f"select count(*) from app.{table} t where t::text like '%玄武岩%' or t::text like '%申屠某某%'")
            )
            assert said == 0, table
    assert (await researcher.post(wipe, page="/institution/disclosures/new")).status_code == 409


@pytest.mark.requirement("R213")
async def test_a_wipe_takes_an_application_its_notice_and_its_objections_with_it(
    world: World, configuration: Settings
) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant) as tx:
        (notice_id,) = await empowerment.notice_ids_of(tx, application_id)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text(
                "insert into app.notice_objection (tenant_id, id, notice_id, raised_by, received_at, body, state, answer, "
                "answered_at) values (:t, gen_random_uuid(), :n, :p, now(), '絮凝装置不是他做的', "
                "'answered', '絮凝装置是他做的', now())"
            ),
            {"t": ready.tenant, "n": notice_id, "p": ready.team[0]},
        )
    async with world.acting(ready.tenant) as tx:
        await quarantine(tx, ready.achievement_id, "疑似涉密")
    async with world.acting(ready.tenant, "secrecy") as tx:
        assert await order_wipe(tx, ready.achievement_id, "经认定涉密") is None
    assert configuration.key_directory is not None
    keyring = Keyring(Path(configuration.key_directory))
    assert (await carry_out_all(world.maintenance, ObjectStore(configuration), keyring))[0] >= 1
    told = saying(await stored(configuration), NAME, "絮凝装置不是他做的", "絮凝装置是他做的", "用于湖泊治理的装置")
    assert [line for line in told if str(ready.tenant) in line] == []
    async with world.working(ready.tenant) as tx:
        assert (await verify_chain(tx, keyring)).faults == []
