"""One's own account, for every audience: what one may do and why not the rest, and where one is signed in."""

import pytest

from tests.web import Site
from tests.world import World


@pytest.mark.parametrize(
    ("tenant", "kind", "role", "base", "permissions"),
    [
        ("university", "institution", "clerk", "/institution", "/institution/settings/permissions"),
        ("science", "science", "science_officer", "/console", "/console/permissions"),
        ("department", "department", "department_officer", "/console", "/console/permissions"),
        ("finance", "finance", "finance_officer", "/console", "/console/permissions"),
        ("operator", "operator", "operator", "/operator", "/operator/permissions"),
    ],
)
async def test_everybody_sees_their_permissions_and_ends_their_other_sessions(
    site: Site, world: World, tenant: str, kind: str, role: str, base: str, permissions: str
) -> None:
    unit = getattr(world, tenant)
    here = await site.signed_in(world, unit, role, kind=kind)
    there = await site.signed_in(world, unit, role, kind=kind)
    third = await site.signed_in(world, unit, role, kind=kind)
    page = await here.get(permissions)
    assert page.status_code == 200
    assert "可以办理" in page.text
    address = f"{base}/sessions"
    listed = (await here.get(address)).text
    assert listed.count("退出该登录") == 2
    reference = listed.split(f'action="{address}/')[2].split("/")[0]
    assert (await here.post(f"{address}/{reference}/end", page=address)).status_code == 303
    assert sorted([(await one.get(address)).status_code for one in (there, third)]) == [200, 303]
    assert (await here.post(f"{address}/end-others", page=address)).status_code == 303
    assert [(await one.get(address)).status_code for one in (here, there, third)] == [200, 303, 303]


async def test_a_permission_that_one_lacks_says_why(site: Site, world: World) -> None:
    address = "/institution/settings/permissions"
    clerk = (await (await site.signed_in(world, world.university, "clerk")).get(address)).text
    assert "需要角色：责任部门负责人、单位领导" in clerk
    both = (await (await site.signed_in(world, world.university, "clerk", "department_head")).get(address)).text
    assert "同时有“年度报告：填写与修改”" in both
    admin = (await (await site.signed_in(world, world.university, "system_admin")).get(address)).text
    assert "管理员不办理、不查看业务" in admin
    two = (await (await site.signed_in(world, world.university, "system_admin", "audit_admin")).get(address)).text
    assert "都不起作用" in two


@pytest.mark.requirement("R192")
@pytest.mark.parametrize(
    ("tenant", "kind", "role"),
    [
        ("science", "science", "expert"),
        ("department", "department", "department_officer"),
        ("finance", "finance", "finance_officer"),
    ],
)
async def test_authorities_see_what_an_officer_may_and_a_head_must(
    site: Site, world: World, tenant: str, kind: str, role: str
) -> None:
    visitor = await site.signed_in(world, getattr(world, tenant), role, kind=kind)
    assert 'href="/console/roles"' in (await visitor.get("/console/permissions")).text
    page = (await visitor.get("/console/roles")).text
    for label in ("科技主管部门经办人", "科技主管部门负责人", "评审专家（只读）", "行政主管部门", "财政部门"):
        assert label in page
    assert "“负面清单：填写与修改”和“负面清单：共同确定并发布”由不同的人办理" in page
    assert "不能由本人办理“负面清单：共同确定并发布”" in page
    assert "系统管理员" not in page


async def test_a_refused_page_leads_to_the_reason(site: Site, world: World) -> None:
    finance = await site.signed_in(world, world.university, "finance")
    refused = await finance.get("/institution/imports")
    assert refused.status_code == 403
    assert 'href="/institution/settings/permissions"' in refused.text


async def test_who_has_no_first_page_is_led_to_their_own(site: Site, world: World) -> None:
    expert = await site.signed_in(world, world.science, "expert", kind="science")
    landed = await expert.get("/console/")
    assert (landed.status_code, landed.headers["location"]) == (303, "/console/permissions")
    assert (await expert.get("/console/lists")).status_code == 200
    assert (await expert.get("/console/reports")).status_code == 403
    for address in ("/institution/settings/permissions", "/operator/permissions"):
        assert (await expert.get(address)).status_code == 404
    assert (await site.anonymous().get("/console/permissions")).status_code == 303
