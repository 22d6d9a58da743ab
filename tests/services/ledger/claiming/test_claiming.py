"""A completer says "this is me", the department confirms it; only then may they apply for what they completed."""

from uuid import UUID

import pytest

from services.empowerment.applying import queries as candidates
from services.empowerment.applying.workflow import begin
from services.ledger.claiming import queries, workflow
from shared.errors import Forbidden, NotFound, Refusal
from shared.ids import new_id
from tests.services.empowerment.arranging import put_list_in_force, select_for_pilot
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.web import Site
from tests.world import World

NAME = "测试completer"


async def named_in_the_ledger(world: World, name: str = NAME, number: int = 1) -> tuple[UUID, UUID]:
    """(completer, achievement) of the university, as an import leaves them: without an account."""
    completer = await add_person(world, world.university, name)
    return completer, await add_achievement(
        world, world.university, f"一种装置{number}", completers=(completer,), number=number
    )


async def claimed(world: World, completer: UUID, role: str = "completer") -> UUID:
    async with world.acting(world.university, role) as tx:
        done = await workflow.claim(tx, completer)
    assert isinstance(done, UUID), done
    return done


async def decided(world: World, claim: UUID, name: str, role: str = "clerk", reason: str = "") -> Refusal | None:
    async with world.acting(world.university, role) as tx:
        return await workflow.decide(tx, claim, name, reason)


async def test_only_a_completer_of_the_achievement_may_apply_and_confirmation_makes_one(world: World) -> None:
    completer, achievement_id = await named_in_the_ledger(world)
    _, foreign = await named_in_the_ledger(world, "别的完成人", 2)
    await select_for_pilot(world, world.university)
    await put_list_in_force(world)
    for one in (achievement_id, foreign):
        with pytest.raises(Forbidden, match="只有该成果的完成人"):
            async with world.acting(world.university, "completer", at=at("2026-02-20")) as tx:
                await begin(tx, one, "ownership")
    assert await decided(world, await claimed(world, completer), "confirm") is None
    async with world.acting(world.university, "completer", at=at("2026-02-20")) as tx:
        assert [one.id for one in await candidates.candidates(tx)] == [achievement_id]
        assert isinstance(await begin(tx, achievement_id, "ownership"), UUID)
    with pytest.raises(Forbidden):
        async with world.acting(world.university, "completer", at=at("2026-02-20")) as tx:
            await begin(tx, foreign, "ownership")


async def test_nobody_decides_about_themselves_and_a_reader_not_at_all(world: World) -> None:
    completer, _ = await named_in_the_ledger(world, "测试clerk")
    claim = await claimed(world, completer, "clerk")
    for role in ("clerk", "leadership"):
        with pytest.raises(Forbidden):
            await decided(world, claim, "confirm", role)
    assert await decided(world, claim, "confirm", "department_head") is None


async def test_one_completer_is_one_account(world: World) -> None:
    completer, _ = await named_in_the_ledger(world)
    first, second = await claimed(world, completer), await claimed(world, completer, "leadership")
    assert await decided(world, first, "confirm") is None
    refused = await decided(world, second, "confirm")
    assert refused is not None
    assert "其他账号" in refused.message
    # Ended with its reason, the completer is free again, and the other may be confirmed.
    assert await decided(world, first, "end", reason="同名不同人") is None
    assert await decided(world, second, "confirm") is None
    async with world.acting(world.university, "completer") as tx:
        assert await candidates.candidates(tx) == []


async def test_a_claim_is_made_once_and_decided_once(world: World) -> None:
    completer, _ = await named_in_the_ledger(world)
    claim = await claimed(world, completer)
    with pytest.raises(NotFound):
        await claimed(world, completer)
    assert await decided(world, claim, "decline", reason="姓名相同，不是同一人") is None
    refused = await decided(world, claim, "confirm")
    assert refused is not None
    assert refused.code == "state.stale"
    again = await claimed(world, completer)
    async with world.acting(world.university, "completer") as tx:
        assert await workflow.decide(tx, again, "withdraw") is None
    with pytest.raises(NotFound):
        async with world.acting(world.institute, "clerk") as tx:
            await workflow.decide(tx, again, "confirm")


async def test_a_person_of_another_institution_cannot_be_claimed(world: World) -> None:
    elsewhere = await add_person(world, world.institute, NAME)
    await add_achievement(world, world.institute, completers=(elsewhere,))
    for unknown in (elsewhere, new_id()):
        with pytest.raises(NotFound):
            await claimed(world, unknown)


async def test_the_page_leads_from_the_name_to_the_confirmation(site: Site, world: World) -> None:
    completer, _ = await named_in_the_ledger(world)
    person = await site.signed_in(world, world.university, "completer")
    page = (await person.get("/institution/claims")).text
    assert "一种装置1" in page
    assert (await person.post("/institution/claims", {"completer_id": "x"})).status_code == 422
    assert (await person.post("/institution/claims", {"completer_id": str(completer)})).status_code == 303
    page = (await person.get("/institution/claims")).text
    assert "待确认" in page
    assert "待核实" not in page, "what the department decides is not the completer's to see"
    clerk = await site.signed_in(world, world.university, "department_head")
    assert "测试completer 认领完成人 测试completer" in (await clerk.get("/institution/todo")).text
    async with world.acting(world.university) as tx:
        (claim,) = await queries.claims(tx, ["submitted"])
    address = f"/institution/claims/{claim.id}"
    wrong = await clerk.post(f"{address}/decline", {"reason": ""}, page="/institution/claims")
    assert wrong.status_code == 422
    assert "请填写理由" in wrong.text
    key = await person.form_key("/institution/claims")
    assert (await person.post(f"{address}/confirm", key=key)).status_code == 403
    assert (await clerk.post(f"{address}/confirm", page="/institution/claims")).status_code == 303
    assert "已确认" in (await person.get("/institution/claims")).text
    assert (await site.anonymous().get("/institution/claims")).status_code == 303
    stranger = await site.signed_in(world, world.institute, "department_head")
    key = await clerk.form_key("/institution/claims")
    assert (await stranger.client.post(f"{address}/end", data={"reason": "x", "form_key": key})).status_code in (
        403,
        404,
    )


async def test_a_claim_is_withdrawn_by_whoever_made_it(site: Site, world: World) -> None:
    completer, _ = await named_in_the_ledger(world)
    claim = await claimed(world, completer)
    person = await site.signed_in(world, world.university, "completer")
    done = await person.post(f"/institution/claims/{claim}/withdraw", page="/institution/claims")
    assert done.status_code == 303
    assert "已撤回" in (await person.get("/institution/claims")).text
