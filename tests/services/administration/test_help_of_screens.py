"""Each screen has an explanation, and the question mark of a page leads to that page's own."""

import re

import pytest

from services.administration.screens import SCREENS, screen_of
from services.app import MENU
from tests.web import Site
from tests.world import World


@pytest.mark.parametrize(
    "entry", [one for one in MENU if one.audience in ("institution", "console")], ids=lambda one: one.href
)
def test_every_entry_of_the_menus_is_explained(entry: object) -> None:
    href = entry.href  # type: ignore[attr-defined]
    found = screen_of(href)
    assert found is not None, href
    assert href.strip("/").count("/") == found.pattern.strip("/").count("/"), f"{href} has no explanation of its own"


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/institution/", "工作台"),
        ("/institution/ledger/0199a2c4-0000-7000-8000-000000000000", "成果"),
        ("/institution/ledger/0199a2c4-0000-7000-8000-000000000000/timeline?x=1", "从披露到转化"),
        ("/institution/empowerment/new", "赋权申请"),
        ("/elsewhere", None),
    ],
)
def test_an_address_belongs_to_its_nearest_screen(address: str, title: str | None) -> None:
    found = screen_of(address)
    assert (found.title if found else None) == title


async def test_the_question_mark_of_a_page_leads_to_its_explanation(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    page = (await clerk.get("/institution/ledger", q="机密词语")).text
    found = re.search(r'href="(/help\?from=[^"]+)" aria-label="本页说明和使用帮助"', page)
    assert found is not None
    assert found.group(1) == "/help?from=/institution/ledger", "what was searched for does not travel"
    answer = await clerk.get(found.group(1))
    assert "本页说明：单列管理台账" in answer.text
    assert "各页面说明" in answer.text
    plain = await site.anonymous().get("/help?from=%3Cscript%3E")
    assert plain.status_code == 200
    assert "<script>" not in plain.text
    assert "本页说明" not in plain.text


def test_no_two_screens_share_an_address() -> None:
    assert len({one.pattern for one in SCREENS}) == len(SCREENS)
