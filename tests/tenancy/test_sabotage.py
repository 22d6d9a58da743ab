"""The judges of isolation see: every hole planted in a copy of the database is found, by the one that is said to find it."""

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.tenancy.access import SNAPSHOT, access
from tests.tenancy.conftest import Spoiling
from tests.tenancy.crossing import crossings
from tests.tenancy.form import breaches_of_form
from tests.tenancy.holes import HOLES, Hole
from tests.tenancy.test_functions import LIVE, SECRETS, reached_by_a_stranger


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_planted_hole_is_found(hole: Hole, spoiled: Spoiling, server: EmbeddedPostgres) -> None:
    try:
        with spoiled(*hole.statements) as database:
            form = {what for what, _ in breaches_of_form(database.url("postgres"))}
            trial = crossings(database.url, database.filling, {hole.table})
    finally:
        server.execute(*hole.repair)
    assert hole.form or hole.trial, "a hole that nobody finds is no test"
    assert (hole.form in form) if hole.form else form == set()
    assert any(hole.trial in breach for breach in trial) if hole.trial else trial == []


def test_without_a_hole_nothing_is_found(spoiled: Spoiling) -> None:
    """A judge that always cries would find every hole above."""
    with spoiled() as database:
        assert breaches_of_form(database.url("postgres")) == []
        assert crossings(database.url, database.filling) == []


def test_a_grant_or_a_policy_more_changes_the_reviewed_matrix(spoiled: Spoiling) -> None:
    reviewed = SNAPSHOT.read_text("utf-8")
    for statement in (
        "grant update on app.audit_entry to web_institution",
        "grant delete on app.person to worker",
        "drop policy web_public_insert on app.list_opinion",
        "alter policy web_public_select on app.list_version using (province_id = app.current_province())",
        "grant execute on function app.session_of(bytea) to web_public",
    ):
        with spoiled(statement) as database:
            assert access(database.url("postgres")) != reviewed, statement


@pytest.mark.parametrize("function", ["sessions_of(uuid)", "machine_secrets()", "end_machine_secrets(uuid)"])
def test_a_definer_function_that_lost_its_scope_is_found(spoiled: Spoiling, function: str) -> None:
    lost = (
        f"do $$ begin execute replace(pg_get_functiondef('app.{function}'::regprocedure), "
        "'s.tenant_id = app.current_organisation()', 'true'); end $$"
    )
    with spoiled(LIVE, SECRETS, lost) as planted:
        assert [call for call in reached_by_a_stranger(planted) if function.split("(")[0] in call] != []
