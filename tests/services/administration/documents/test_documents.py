"""A unit's own rules as documents: every version kept, the one in force told, nothing overwritten."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.administration.documents import queries
from shared.audit.tables import audit_entry
from shared.ids import new_id
from shared.policy import load_pack
from tenants.packs import governing
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/settings/documents"
RULES = {
    "kind": "management_rules",
    "title": "滇池示例大学职务科技成果单列管理办法",
    "number": "滇示大〔2026〕1号",
    "decided_by": "校长办公会",
    "decided_on": "2026-03-02",
    "in_force_on": "2026-03-09",
}


def paper(content: bytes = b"%PDF-1.7 rules") -> dict[str, Any]:
    return {"file": ("办法.pdf", content, "application/pdf")}


async def added(visitor: Visitor, form: dict[str, str], content: bytes = b"%PDF-1.7 rules") -> Any:
    return await visitor.upload(HOME, paper(content), form)


@pytest.mark.requirement("R084")
async def test_rules_are_kept_version_by_version_and_the_one_in_force_is_told(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    empty = (await head.get(HOME)).text
    for words in ("单列管理办法", "科技成果转化决策程序", "清产核资决策程序", "第十六条"):
        assert words in empty, words
    assert empty.count("尚未登记") == 3
    assert (await added(head, RULES)).status_code == 303
    later = {**RULES, "in_force_on": "2099-01-01", "changes": "增加集中托管一章"}
    assert (await added(head, later, b"%PDF-1.7 second")).status_code == 303
    shown = (await head.get(HOME)).text
    assert "现行第 1 版" in shown
    assert "增加集中托管一章" in shown
    async with world.acting(world.university) as tx:
        kinds = {one.code: one for one in await queries.kinds(tx, (await governing(tx)).pack)}
        rules = kinds["management_rules"]
        assert [one.version for one in rules.versions] == [2, 1]
        current, last = rules.in_force(date(2026, 3, 9)), rules.in_force(date(2099, 1, 1))
        assert current is not None
        assert last is not None
        assert (current.version, last.version, rules.in_force(date(2026, 3, 8))) == (1, 2, None)
        logged = await tx.rows(select(audit_entry.c.action).where(audit_entry.c.object_id == current.id))
        assert [one.action for one in logged] == ["unit_document.add"]
    fetched = await head.get(f"{HOME}/{current.id}")
    assert fetched.content == b"%PDF-1.7 rules"
    assert "attachment" in fetched.headers["content-disposition"]


@pytest.mark.requirement("R084")
async def test_a_version_is_never_overwritten(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    await added(head, RULES)
    for statement in ("update app.unit_document set title = 'x'", "delete from app.unit_document"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with world.acting(world.university) as tx:
                await tx.execute(text(statement))


async def test_wrong_days_kinds_and_files_come_back_all_at_once(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    blank = await head.upload(HOME, {"file": ("x.exe", b"MZ", "application/pdf")}, {"kind": "management_rules"})
    assert blank.status_code == 422
    for field in ("title", "decided_by", "decided_on", "in_force_on", "file"):
        assert f'href="#f-{field}"' in blank.text, field
    wrong = await added(head, {**RULES, "kind": "invented", "in_force_on": "2026-03-01"})
    for told in ("不是本省规定的种类", "早于决定日期", RULES["title"]):
        assert told in wrong.text, told
    assert (await added(head, RULES)).status_code == 303
    again = await added(head, RULES)
    assert "应当晚于该日" in again.text
    same = await added(head, {**RULES, "in_force_on": "2026-04-01"})
    assert "与上一版是同一份文件" in same.text


async def test_who_may_read_and_who_may_add(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    await added(head, RULES)
    async with world.acting(world.university) as tx:
        (row,) = await queries.documents(tx)
    clerk = await site.signed_in(world, world.university)
    page = (await clerk.get(HOME)).text
    assert RULES["title"] in page
    assert "<form" not in page.split("<main")[-1]
    key = await clerk.form_key("/institution/ledger")
    assert (await clerk.client.post(HOME, params={"form_key": key}, files=paper(), data=RULES)).status_code == 403
    stranger = await site.signed_in(world, world.institute, "department_head")
    theirs, none = await stranger.get(f"{HOME}/{row.id}"), await stranger.get(f"{HOME}/{new_id()}")
    assert (theirs.status_code, theirs.content) == (404, none.content)
    assert RULES["title"] not in (await stranger.get(HOME)).text
    assert (await site.anonymous().get(HOME)).headers["location"].startswith("/sign-in")


@pytest.mark.requirement("R142", "R163")
def test_another_text_wants_collective_decision_and_current_rules() -> None:
    pack = load_pack("cn-22")
    wanted = {code: pack.citation(f"enumerations.unit_document.{code}") for code in pack.enumeration("unit_document")}
    assert {code: one.article for code, one in wanted.items()} == {
        "management_rules": "第十五条", "conversion_decisions": "第十五条", "asset_verification": "第十五条",
        "collective_decision": "第四条",
    }  # fmt: skip
    assert "分级分类决策机制" in wanted["collective_decision"].quote
    assert "及时更新科技成果台账" in wanted["management_rules"].quote
