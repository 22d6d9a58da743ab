"""Whoever is signed in sees what is kept on them, and nobody else's."""

import re

from tests.services.notices.arranging import add_achievement
from tests.web import Site
from tests.world import World


async def test_a_person_sees_what_is_kept_on_them_and_where_they_are_named(site: Site, world: World) -> None:
    me = await world.person(world.university, "completer")
    await add_achievement(world, world.university, completers=(me,))
    visitor = await site.signed_in(world, world.university, "completer")
    page = (await visitor.get("/institution/settings/me")).text
    words = re.sub(r"<[^>]+>", " ", page)
    assert "测试completer" in words
    assert re.search(r"台账成果的完成人\s+1", words)
    assert "为什么保存，保存多久" in words
    other = re.sub(
        r"<[^>]+>", " ", (await (await site.signed_in(world, world.university)).get("/institution/settings/me")).text
    )
    assert "测试clerk" in other
    assert "测试completer" not in other
    assert "台账成果的完成人" not in other


async def test_what_is_kept_is_shown_to_nobody_without_a_session(site: Site, world: World) -> None:
    address = "/institution/settings/me"
    assert (await site.anonymous().get(address)).status_code == 303
    stranger = await site.signed_in(world, world.university, "science_officer")
    assert (await stranger.get(address)).status_code == 403
