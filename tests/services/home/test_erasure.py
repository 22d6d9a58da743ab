"""Erasure: the value is nowhere in the database any more, a tombstone stands, and what was proved stays proved."""

import pytest
from sqlalchemy import text

from services.home.persons.workflow import erase
from services.ledger.queries import team_of
from shared.errors import Forbidden, FormInvalid, NotFound
from tenants.people import names_of
from tests.services.empowerment.arranging import announced, prepare
from tests.services.notices.arranging import add_achievement, add_person
from tests.web import Site
from tests.world import World

NAME = "欧阳示范甲"


async def tables_that_say(world: World, words: str) -> list[str]:
    """Every table of the installation with a row that says the words anywhere."""
    async with world.maintenance.connect() as connection:
        names = await connection.execute(
            text("select tablename from pg_tables where schemaname = 'app' order by tablename")
        )
        found = []
        for (table,) in names.all():
            said = await connection.execute(
                text(f'select count(*) from app."{table}" as t where t::text like :words'), {"words": f"%{words}%"}
            )
            if said.scalar():
                found.append(table)
    return found


async def test_an_erased_name_is_nowhere_in_the_database_and_a_tombstone_stands(site: Site, world: World) -> None:
    person = await add_person(world, world.university, NAME)
    achievement_id = await add_achievement(world, world.university, completers=(person,))
    assert await tables_that_say(world, NAME) == ["person"]
    head = await site.signed_in(world, world.university, "department_head")
    assert NAME in (await head.get("/institution/persons", name=NAME)).text
    address = f"/institution/persons/{person}/erase"
    wrong = await head.post(address, {"reason": ""}, page=f"/institution/persons/{person}")
    assert wrong.status_code == 422
    done = await head.post(address, {"reason": "本人申请"}, page=f"/institution/persons/{person}")
    assert done.status_code == 303
    assert await tables_that_say(world, NAME) == []
    page = (await head.get("/institution/persons")).text
    assert "本人申请" in page
    async with world.acting(world.university) as tx:
        (member,) = await team_of(tx, achievement_id)
        assert member.person_id == person, "the ledger keeps its ids"
        assert member.name == "（已删除）"
        assert (await names_of(tx, [person]))[person] == "（已删除）"
    clerk = await world.person(world.university, "clerk")
    again = await head.post(address, {"reason": "再次"}, page=f"/institution/persons/{clerk}")
    assert again.status_code == 409


async def test_who_is_in_an_open_case_and_oneself_are_not_erased(world: World) -> None:
    ready = await prepare(world)
    await announced(world, ready)
    async with world.acting(ready.tenant, "department_head") as tx:
        refused = await erase(tx, ready.team[1], "本人申请")
        assert refused is not None
        assert refused.code == "person.in_case"
        assert refused.citation is not None
        assert (refused.citation.article, refused.inputs) == ("第八条(二)", {"open_case": True})
        assert "申请人信息" in refused.citation.quote
        assert tx.actor.person_id is not None
        with pytest.raises(Forbidden):
            await erase(tx, tx.actor.person_id, "本人申请")
    someone = await add_person(world, ready.tenant, NAME)
    with pytest.raises(FormInvalid):
        async with world.acting(ready.tenant, "department_head") as tx:
            await erase(tx, someone, f"{NAME}本人申请")
    with pytest.raises(NotFound):
        async with world.acting(world.institute, "department_head") as tx:
            await erase(tx, someone, "本人申请")


async def test_erasing_is_for_the_head_of_the_department_alone(site: Site, world: World) -> None:
    for role, status in (("clerk", 403), ("leadership", 403), ("completer", 403), ("department_head", 200)):
        visitor = await site.signed_in(world, world.university, role)
        assert (await visitor.get("/institution/persons")).status_code == status
    assert (await site.anonymous().get("/institution/persons")).status_code == 303
