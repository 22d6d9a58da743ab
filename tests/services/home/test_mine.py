"""A completer's own page: what they completed, with applications, agreements and contracts; nothing of anybody else."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert

from services.ledger.models import conversion_record
from shared.ids import new_id
from tests.services.empowerment.arranging import announced, prepare, sign
from tests.services.notices.arranging import add_achievement, add_person
from tests.web import Site
from tests.world import World


@pytest.mark.requirement("R188")
async def test_a_completer_sees_their_own_work_from_status_to_contract(site: Site, world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    assert await sign(world, ready.tenant, application_id, "2026-03-18") is None
    other = await add_person(world, ready.tenant, "别的完成人")
    await add_achievement(world, ready.tenant, "别人的装置", completers=(other,), number=2)
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(conversion_record).values(
                tenant_id=ready.tenant, id=new_id(), achievement_id=ready.achievement_id, position=1, mode="assignment",
                counterparty="示例公司", signed_on=date(2026, 3, 20), amount=Decimal("250000"),
            )
        )  # fmt: skip
    page = (await (await site.signed_in(world, ready.tenant, "completer")).get("/institution/mine")).text
    assert "蓝藻原位絮凝装置" in page
    assert f"/institution/empowerment/{application_id}" in page
    assert "协议 2026-03-18 签署" in page
    assert "示例公司，25" in page
    assert "别人的装置" not in page


async def test_an_unlinked_namesake_is_pointed_out_and_lists_nothing_yet(site: Site, world: World) -> None:
    namesake = await add_person(world, world.university, "测试completer")
    await add_achievement(world, world.university, completers=(namesake,))
    page = (await (await site.signed_in(world, world.university, "completer")).get("/institution/mine")).text
    assert "1 位与您同名" in page
    assert "还没有您的成果" in page
    assert (
        await (await site.signed_in(world, world.university, "leadership")).get("/institution/mine")
    ).status_code == 403
    assert (await site.anonymous().get("/institution/mine")).status_code == 303
