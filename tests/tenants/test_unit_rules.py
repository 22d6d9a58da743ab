"""The rules of its own that an institution needs before a text of this kind lets it grant anything (rule 27)."""

import pytest
from sqlalchemy import func, select

from services.empowerment.queries import unit_of
from shared.audit.tables import audit_entry
from shared.errors import FormInvalid, NotFound
from shared.ids import new_id
from tenants.provisioning import operating
from tenants.unit_rules import record_unit_rules
from tests.world import World


async def test_recorded_rules_are_what_an_application_is_asked_about_and_repeating_changes_nothing(
    world: World,
) -> None:
    async with world.acting(world.university) as tx:
        assert (await unit_of(tx)).unit_rules == ()
    for news in (True, False):
        async with world.acting(world.operator, "operator", "operator") as tx:
            done = await record_unit_rules(tx, world.university, ["workflow", "management_rules", "workflow"])
            assert done is news
    async with world.acting(world.university) as tx:
        assert (await unit_of(tx)).unit_rules == ("management_rules", "workflow")
    async with world.acting(world.institute) as tx:
        assert (await unit_of(tx)).unit_rules == ()
    async with world.acting(world.operator, "operator", "operator") as tx:
        written = select(func.count()).where(
            audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.object_id == world.university
        )
        assert await tx.scalar(written) == 1


async def test_a_rule_that_the_policy_does_not_have_and_a_unit_that_is_none_are_refused(world: World) -> None:
    with pytest.raises(FormInvalid) as wrong:
        async with world.acting(world.operator, "operator", "operator") as tx:
            await record_unit_rules(tx, world.university, ["workflow", "horoscope"])
    assert "horoscope" in wrong.value.errors["rules"]
    assert "工作流程" in wrong.value.errors["rules"]
    for nobody in (new_id(), world.department):
        with pytest.raises(NotFound):
            async with operating(world.web, world.province_id, world.operator) as tx:
                await record_unit_rules(tx, nobody, [])
