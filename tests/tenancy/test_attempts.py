"""Random attempts to cross from one tenant to another: 10,000 where CI runs, 500 elsewhere; none succeeds.

By addresses of pages, API and files, by fields of forms, words of searches, messages of the queue and of the outbox.
"""

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.tasks import broker
from tests.services.negative_list.steps import clock_at
from tests.tenancy.attempts import FIELDS, SEARCHES, STRANGERS, TASKS, Attempts, fingerprint
from tests.tenancy.grounds import Grounds
from tests.tenancy.grounds.asking import taken_back
from tests.world import START

pytestmark = pytest.mark.requirement("R190")
CI = bool(os.environ.get("CI"))
# Channel to how many of 10,000.
SHARES = {"pages": 4000, "api": 1500, "files": 1000, "fields": 1500, "words": 1000, "jobs": 500, "outbox": 500}
_NAMED = ("achievement", "application", "person", "task", "conversion", "paper", "notice", "message")


def attempts_of(channel: str) -> settings:
    """How often a channel is tried: anew each time in CI, the same attempts elsewhere."""
    number = SHARES[channel] if CI else SHARES[channel] // 20
    return settings(
        max_examples=number,
        derandomize=not CI,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
async def attempts(grounds: Grounds) -> AsyncIterator[Attempts]:
    """Everybody signed in; no request changes anything, and no stranger's row is another one afterwards."""
    holder: dict[str, object] = {}
    visits = len(grounds.site.visits)
    before = [await fingerprint(grounds, owner) for owner in STRANGERS]
    async with clock_at(grounds.home, START):
        with taken_back(holder), pytest.MonkeyPatch.context() as patch:
            patch.setattr(broker, "worker_engine", lambda: grounds.home.tasks)
            yield await Attempts(grounds, holder).ready()
    del grounds.site.visits[visits:]
    assert [await fingerprint(grounds, owner) for owner in STRANGERS] == before


async def _by_address(attempts: Attempts, data: st.DataObject, channel: str) -> None:
    caller, route = data.draw(st.sampled_from(attempts.choices(channel)), "caller, route")
    owner = data.draw(st.sampled_from(attempts.owners(caller)), "whose")
    mask = data.draw(st.integers(1, 2 ** len(route.parts) - 1), "places")
    assert await attempts.address(caller, route, owner, mask) is None


@attempts_of("pages")
@given(data=st.data())
async def test_no_page_opens_or_changes_another_s_object(attempts: Attempts, data: st.DataObject) -> None:
    await _by_address(attempts, data, "pages")


@attempts_of("api")
@given(data=st.data())
async def test_no_program_reaches_another_s_object(attempts: Attempts, data: st.DataObject) -> None:
    await _by_address(attempts, data, "api")


@attempts_of("files")
@given(data=st.data())
async def test_no_file_or_export_of_another_s_is_handed_out(attempts: Attempts, data: st.DataObject) -> None:
    await _by_address(attempts, data, "files")


@attempts_of("fields")
@given(data=st.data())
async def test_no_field_of_a_form_reaches_another_s_object(attempts: Attempts, data: st.DataObject) -> None:
    open_to_all = [(name, one) for name, found in attempts.routes.items() for one in found]
    caller, route = data.draw(st.sampled_from(open_to_all), "caller, route")
    owner = data.draw(st.sampled_from(attempts.owners(caller)), "whose")
    kinds = data.draw(
        st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(_NAMED), min_size=1, max_size=4), "fields"
    )
    assert await attempts.named(caller, route, owner, kinds) is None


@attempts_of("words")
@given(data=st.data())
async def test_no_search_finds_what_another_wrote(attempts: Attempts, data: st.DataObject) -> None:
    address = data.draw(st.sampled_from(SEARCHES), "where")
    console = address.startswith("/console")
    caller = data.draw(
        st.sampled_from([n for n, one in attempts.walks.items() if (one.audience == "console") == console])
    )
    owner = data.draw(st.sampled_from(attempts.owners(caller)), "whose")
    start, length = data.draw(st.integers(0, 8), "start"), data.draw(st.integers(4, 12), "length")
    assert await attempts.word(caller, address, owner, start, length) is None


@attempts_of("jobs")
@given(data=st.data())
async def test_no_message_of_the_queue_works_on_another_s_object(attempts: Attempts, data: st.DataObject) -> None:
    owner, task = data.draw(st.sampled_from(STRANGERS)), data.draw(st.sampled_from(sorted(TASKS)))
    assert await attempts.job(owner, task, data.draw(st.booleans(), "forged scope")) is None


@attempts_of("outbox")
@given(data=st.data())
async def test_no_message_or_mail_goes_to_another_s_people(attempts: Attempts, data: st.DataObject) -> None:
    owner, kind = (
        data.draw(st.sampled_from(STRANGERS)),
        data.draw(st.sampled_from(("message", "mail", "told_elsewhere"))),
    )
    name = data.draw(st.sampled_from(("to_person", "to_organisation", "to_permission", "tenant")), "field")
    assert await attempts.message(owner, kind, name) is None
