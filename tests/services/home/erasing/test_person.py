"""A person's name goes from free text, history, copies and files as well, where somebody judged that it means them."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.home.delivering.workflow import deliver
from services.home.erasing.commands import carry_out_all
from services.ledger.workflow import correct
from shared.audit.verification import verify_chain
from shared.clock import real_now
from shared.documents.uploads import Upload
from shared.errors import Refusal
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from shared.workflow import send
from tests.services.home.erasing.test_wiping import kept, keyring, objects, saying, sealed, stored
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.ledger.importing.arranging import applied, workbook
from tests.web import Site
from tests.world import World

__all__ = ["keyring", "objects"]
NAME = "呼延示范乙"


async def named_everywhere(site: Site, world: World, objects: ObjectStore) -> UUID:
    """A completer whose name somebody wrote into texts, and who stands in an imported ledger; the person's id."""
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, {**FORM, "team": f"{NAME} 1/1", "remark": f"由{NAME}负责"})
    clerk = await site.signed_in(world, world.university, "clerk")
    case = edit.removesuffix("/edit")
    done = await clerk.post(f"{case}/register", page=case)
    row_id = UUID(done.headers["location"].partition("?")[0].rsplit("/", 1)[1])
    async with world.acting(world.university, at=real_now()) as tx:
        assert not isinstance(
            await correct(tx, row_id, {"remark": f"{NAME}已离职"}, since=tx.today, reason=f"{NAME}来函"), Refusal
        )
        await send(tx, "message", {"to_permission": "institution:ledger:read", "title": f"{NAME}来函"})
    async with world.working(world.university) as tx:
        await deliver(tx, None)
    rows = [
        ["另一项示例工艺", NAME, "非专利技术", "", "未转化", "", ""],
        ["坏行", NAME, "没有的类型", "", "未转化", "", ""],
    ]
    await applied(world, world.university, objects, Upload("台账.xlsx", workbook(rows, title="截至2025年12月31日")))
    async with world.maintenance.connect() as connection:
        found = await connection.scalar(
            text("select id from app.person where tenant_id = :t and name = :name"),
            {"t": world.university, "name": NAME},
        )
    assert isinstance(found, UUID)
    return found


@pytest.mark.requirement("R200", "R216")
async def test_an_erased_name_is_masked_where_it_was_written_and_proofs_stay_valid(
    site: Site, world: World, objects: ObjectStore, configuration: Settings, keyring: Keyring
) -> None:
    person = await named_everywhere(site, world, objects)
    await sealed(world, keyring)
    assert NAME in kept(objects, world.university)
    head = await site.signed_in(world, world.university, "department_head")
    review = f"/institution/persons/{person}"
    page = (await head.get(review)).text
    assert "已离职" in page
    assert "来函" in page
    places = [part.split('"')[0] for part in page.split('name="mask" value="')[1:]]
    done = await head.post(f"{review}/erase", {"reason": "本人申请", "mask": places}, page=review)
    assert done.status_code == 303
    assert "等待遮盖" in (await head.get("/institution/persons")).text
    await carry_out_all(world.maintenance, objects, keyring)
    assert saying(await stored(configuration), NAME) == []
    left = kept(objects, world.university)
    assert NAME not in left
    assert "另一项示例工艺" in left
    async with world.working(world.university) as tx:
        chain = await verify_chain(tx, keyring)
    assert chain.faults == []
    listed = (await head.get("/institution/persons")).text
    assert "清除证明" in listed
    certificate = listed.split('href="/institution/persons/orders/')[1].split('"')[0]
    shown = await head.get(f"/institution/persons/orders/{certificate}")
    assert "chengguo erasure certificate" in shown.text
    stranger = await site.signed_in(world, world.institute, "department_head")
    assert (await stranger.get(f"/institution/persons/orders/{certificate}")).status_code == 404
    assert (await stranger.get(review)).status_code == 404


@pytest.mark.requirement("R200")
async def test_of_namesakes_only_what_was_judged_is_masked(
    site: Site, world: World, objects: ObjectStore, configuration: Settings, keyring: Keyring
) -> None:
    person = await named_everywhere(site, world, objects)
    from tests.services.notices.arranging import add_person

    await add_person(world, world.university, NAME)
    head = await site.signed_in(world, world.university, "department_head")
    review = f"/institution/persons/{person}"
    page = (await head.get(review)).text
    assert "同名" in page
    assert " checked" not in page
    places = [part.split('"')[0] for part in page.split('name="mask" value="')[1:]]
    chosen = [one for one in places if one.startswith("workflow_event")]
    assert chosen
    done = await head.post(f"{review}/erase", {"reason": "本人申请", "mask": chosen}, page=review)
    assert done.status_code == 303
    await carry_out_all(world.maintenance, objects, keyring)
    tables = {line.partition(":")[0] for line in saying(await stored(configuration), NAME)}
    assert "workflow_event" not in tables
    assert {"person", "achievement"} <= tables
    assert NAME in kept(objects, world.university)


@pytest.mark.requirement("R200")
async def test_one_takes_away_what_is_kept_on_oneself_and_nobody_elses(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "completer")
    answer = await visitor.get("/institution/settings/me/file")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    said = answer.json()
    assert said["姓名"] == "测试completer"
    assert {one["信息"] for one in said["用途和保存期限"]} >= {"姓名", "电子邮箱", "导出文件"}
    assert "测试clerk" not in answer.text


@pytest.mark.requirement("R216")
async def test_what_is_decided_of_a_disclosure_holds_no_name_and_no_title(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    done = await researcher.post(edit, {**FORM, "name": f"{NAME}的示例方法", "team": f"{NAME} 1/1"})
    assert done.status_code == 303
    async with world.maintenance.connect() as connection:
        for table in ("decision", "audit_entry", "workflow_event", "outbox"):
            said = await connection.scalar(
                text(f"select count(*) from app.{table} t where tenant_id = :t and strpos(t::text, :name) > 0"),
                {"t": world.university, "name": NAME},
            )
            assert said == 0, table
