"""No page without an explanation of its own, no field of a ledger form without a text beside it, no word without its meaning."""

import re

import pytest

from services.administration.glossary import GLOSSARY
from services.administration.screens import screen_of
from tests.architecture.routes import handlers
from tests.services.ledger.disclosure.test_pages import begun
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

# Parts of pages, which no question mark stands on.
FRAGMENTS = ("/counters",)
_ID = "0199a2c4-0000-7000-8000-000000000000"


@pytest.mark.requirement("R196")
def test_every_page_is_explained(site: Site) -> None:
    missing = []
    for address, methods, handler in handlers(site.app):
        audience = address.split("/")[1]
        if "GET" not in methods or audience not in ("institution", "console", "operator") or "from" in handler.opt:
            continue
        place = re.sub(r"\{[^}]+\}", _ID, address).rstrip("/")
        found = screen_of(place)
        own = found is not None and (found.pattern.count("/") > 1 or place.count("/") == 1)
        if not own and not place.endswith(FRAGMENTS):
            missing.append(address)
    assert not missing, sorted(missing)


def fields_without_text(page: str) -> list[str]:
    """The labels of the fields that have neither a hint nor an article beside them."""
    found = []
    for part in re.split(r'<div class="field(?: field-wrong)?(?: with-article)?">', page)[1:]:
        label = re.search(r'class="form-(?:check-)?label"[^>]*>([^<]+)', part)
        if "form-hint" not in part and "cite-place" not in part:
            found.append(label.group(1) if label else part[:60])
    return found


@pytest.mark.requirement("R196")
async def test_every_field_of_a_ledger_form_has_a_text_beside_it(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    clerk = await site.signed_in(world, world.university)
    home = f"/institution/ledger/{row_id}"
    forms = ["correct", "conversions", "moves/revoke", "moves/quarantine", "stage", "ownership", "rights", "losses"]
    wanting = {}
    for form in forms:
        answer = await clerk.get(f"{home}/{form}")
        assert answer.status_code == 200, form
        wanting[form] = fields_without_text(answer.text)
    researcher = await site.signed_in(world, world.university, "completer")
    wanting["disclosure"] = fields_without_text((await researcher.get(await begun(researcher))).text)
    wanting["gate"] = fields_without_text((await researcher.get("/institution/disclosures/new")).text)
    assert not any(wanting.values()), {form: labels for form, labels in wanting.items() if labels}


async def test_the_words_are_explained_once_each(site: Site) -> None:
    assert len({term for term, _ in GLOSSARY}) == len(GLOSSARY)
    text = (await site.anonymous().get("/help")).text
    assert all(term in text for term, _ in GLOSSARY)
