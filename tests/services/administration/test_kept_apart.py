"""Nobody both enters and approves one and the same act, whatever roles somebody holds."""

import pytest
from sqlalchemy import insert

from services.ledger.disclosure.models import disclosure
from shared.ids import new_id
from shared.workflow import record_event
from tenants.permissions import ROLES
from tests.services.administration.people import signing_in
from tests.services.empowerment.arranging import applied, prepare
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World


@pytest.mark.requirement("R145")
def test_the_offices_of_the_leading_group_have_their_own_duties() -> None:
    """资产管理、科研、财务、纪检审计: each a role of its own, and who oversees changes nothing."""
    duties = {code: ROLES[code].permissions for code in ("clerk", "asset", "finance", "discipline", "leadership")}
    assert len(set(duties.values())) == len(duties)
    assert "institution:asset:receive" in duties["asset"] & duties["finance"]
    reading = {one for one in duties["discipline"] if one.endswith((":read", ":detail", ":export", ":give"))}
    assert reading == duties["discipline"]


async def test_who_submitted_a_disclosure_does_not_verify_it(site: Site, world: World) -> None:
    clerk = await signing_in(world, world.university, "clerk")
    head = await signing_in(world, world.university, "department_head")
    disclosure_id = new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(disclosure).values(
                tenant_id=world.university, id=disclosure_id, province_id=world.province_id, person_id=clerk,
                state="submitted", name="经办人披露的成果",
            )
        )  # fmt: skip
    async with world.acting(world.university, "clerk") as tx:
        await record_event(tx, "disclosure", disclosure_id, "submitted")
    assert head != clerk
    address = f"/institution/disclosures/{disclosure_id}"
    entered, other = (
        await site.signed_in(world, world.university),
        await site.signed_in(world, world.university, "department_head", "completer"),
    )
    own = (await entered.get(address)).text
    assert f"{address}/register" not in own
    refused = await entered.post(f"{address}/register", page="/institution/sessions")
    assert refused.status_code == 403
    assert "经办与批准应由不同的人办理" in refused.text
    assert f"{address}/register" in (await other.get(address)).text


async def test_who_applied_does_not_review_their_own_application(site: Site, world: World) -> None:
    async with clock_at(world, at("2026-03-10")):
        application_id = await applied(world, await prepare(world))
        both = await site.signed_in(world, world.university, "completer", "clerk")
        colleague = await site.signed_in(world, world.university, "clerk")
        address = f"/institution/empowerment/{application_id}"
        assert (await both.get(address)).status_code == 200
        for path in ("screening", "return", "reject"):
            assert (await both.get(f"{address}/{path}")).status_code == 403, path
            assert (await colleague.get(f"{address}/{path}")).status_code == 200, path
