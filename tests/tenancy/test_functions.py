"""Local tables have no row-level security: the functions that reach them keep everybody to the own tenant or province."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.tenancy.conftest import Filled, Spoiling
from tests.tenancy.crossing import REFUSED
from tests.tenancy.filling import PLACES, Place, made_id

A, B, C, _ = PLACES
DONE: list[tuple[object, ...]] = [(None,)]
LIVE = "update app.session set expires_at = now() + interval '1 hour', seen_at = now(), idle_seconds = 3600"
SECRETS = "update app.machine_secret set expires_at = null"


@pytest.fixture(scope="module")
def database(spoiled: Spoiling) -> Iterator[Filled]:
    with spoiled(LIVE, SECRETS) as made:
        yield made


def as_role(
    database: Filled, role: str, place: Place, statement: str, *values: object
) -> list[tuple[object, ...]] | str:
    """The rows of a call in a transaction of its own, taken back, or the SQLSTATE of its refusal."""
    organisation = place.organisations["operator" if role == "web_operator" else "institution"]
    with psycopg.connect(database.url("tasks" if role == "worker" else "web")) as connection:
        connection.execute(
            "select app.enter(%s, %s, %s, %s)",
            [role, place.scope["tenant_id"], place.scope["province_id"], organisation],
        )
        try:
            return connection.execute(statement, values).fetchall()
        except psycopg.Error as error:
            return str(error.sqlstate)
        finally:
            connection.rollback()


def put_tenant(place: Place, tenant: str, province: str) -> tuple[object, ...]:
    return tenant, province, "institution", place.scope["department_id"], made_id("alias", tenant), "示例单位", True


PUT_TENANT = "select app.put_tenant(%s::uuid, %s::uuid, %s, %s::uuid, %s, %s, %s)"
PUT_PACK = "select app.put_pack_in_force(%s::uuid, '2026-12-01', %s::uuid)"
PUT_PROVINCE = "select app.put_province(%s::uuid, %s, %s, %s, %s, null, 0)"


def test_an_operator_lists_tenants_of_its_own_province_only(database: Filled) -> None:
    """Neither a new entry in another province, nor one of another province's tenants taken over into its own."""
    ours, theirs = A.scope["province_id"], C.scope["province_id"]
    known = database.filling.rows["tenant_directory", C][0]["id"]
    assert as_role(database, "web_operator", A, PUT_TENANT, *put_tenant(A, made_id("new"), ours)) == DONE
    assert as_role(database, "web_operator", A, PUT_TENANT, *put_tenant(A, made_id("new"), theirs)) == REFUSED
    assert as_role(database, "web_operator", A, PUT_TENANT, *put_tenant(A, str(known), ours)) == REFUSED


def test_an_operator_puts_packs_in_force_in_its_own_province_only(database: Filled) -> None:
    version = database.filling.rows["pack_version", A][0]["id"]
    assert as_role(database, "web_operator", A, PUT_PACK, A.scope["province_id"], version) == DONE
    assert as_role(database, "web_operator", A, PUT_PACK, C.scope["province_id"], version) == REFUSED


def test_an_operator_names_its_own_province_only(database: Filled) -> None:
    for place, wanted in ((A, DONE), (C, REFUSED)):
        values = (place.scope["province_id"], f"r{place.letter}", f"s{place.letter}", "示例省", "示例")
        assert as_role(database, "web_operator", A, PUT_PROVINCE, *values) == wanted


def test_an_operator_changes_departments_and_shown_names_in_its_own_province_only(database: Filled) -> None:
    """What the directory and live sessions say of an institution is its own province's to change."""
    own, theirs = (str(database.filling.rows["tenant_directory", place][0]["id"]) for place in (A, C))
    for call, value in (
        ("select app.put_department(%s::uuid, %s::uuid)", A.scope["department_id"]),
        ("select app.put_session_name(%s::uuid, %s)", "改后的名称"),
    ):
        assert as_role(database, "web_operator", A, call, own, value) == DONE, call
        assert as_role(database, "web_operator", A, call, theirs, value) == REFUSED, call


def test_a_worker_changes_the_department_of_its_own_institution_only(database: Filled) -> None:
    call, department = "select app.put_department(%s::uuid, %s::uuid)", A.scope["department_id"]
    own, neighbour = A.scope["tenant_id"], B.scope["tenant_id"]
    assert A.scope["province_id"] == B.scope["province_id"]
    assert as_role(database, "worker", A, call, own, department) == DONE
    assert as_role(database, "worker", A, call, neighbour, department) == REFUSED


def test_a_credential_is_made_in_the_own_organisation_only(database: Filled) -> None:
    """Naming another's client neither ends its secrets nor adds one to it."""
    client = database.filling.rows["machine_secret", A][0]["client_id"]
    held = "select secret_hash, expires_at from app.machine_secret where tenant_id = %s and client_id = %s order by 1"
    of_a = [A.scope["tenant_id"], client]
    with psycopg.connect(database.url("postgres")) as connection:
        before = connection.execute(held, of_a).fetchall()
        connection.execute(
            "select app.enter('web_institution', %s, %s, %s)",
            [B.scope["tenant_id"], B.scope["province_id"], B.scope["tenant_id"]],
        )
        connection.execute("select app.put_machine_secret(%s::uuid, 'x'::bytea, 'hint', 'n', '{}', 0)", [client])
        connection.execute("reset role")
        after = connection.execute(held, of_a).fetchall()
        connection.rollback()
    assert before != []
    assert after == before


def test_an_operator_ends_sessions_of_its_own_province_only(database: Filled) -> None:
    ending = "select app.end_sessions_of(%s::uuid)"
    assert as_role(database, "web_operator", A, ending, A.scope["tenant_id"]) == [(2,)]
    assert as_role(database, "web_operator", A, ending, C.scope["tenant_id"]) == [(0,)]


def test_a_person_s_sessions_are_listed_and_ended_in_the_own_organisation_only(database: Filled) -> None:
    person = database.filling.rows["session", A][0]["person_id"]
    listing = "select reference from app.sessions_of(%s::uuid)"
    listed = as_role(database, "web_institution", A, listing, person)
    assert isinstance(listed, list)
    assert len(listed) == 1
    assert as_role(database, "web_institution", B, listing, person) == []
    ending = "select app.end_session_of(%s::uuid, %s)"
    assert as_role(database, "web_institution", B, ending, person, listed[0][0]) == [(0,)]
    assert as_role(database, "web_institution", A, ending, person, listed[0][0]) == [(1,)]


def test_what_somebody_holds_is_told_and_written_in_the_own_organisation_only(database: Filled) -> None:
    """Standing and sessions of another organisation's person stay as they are, whatever id is named."""
    held = database.filling.rows["person_standing", A][0]
    asked = "select person_id from app.own_standing(%s::uuid) s, (select %s::uuid as person_id) p"
    assert as_role(database, "web_institution", A, asked, held["person_id"], held["person_id"]) != []
    assert as_role(database, "web_institution", B, asked, held["person_id"], held["person_id"]) == []
    person = database.filling.rows["session", A][0]["person_id"]
    with psycopg.connect(database.url("web")) as connection:
        connection.execute(
            "select app.enter('web_institution', %s, %s, %s)",
            [B.scope["tenant_id"], B.scope["province_id"], B.scope["tenant_id"]],
        )
        connection.execute("select app.put_standing(%s::uuid, '{}', '[]', true)", [person])
        connection.commit()
    listing = "select reference from app.sessions_of(%s::uuid)"
    assert len(as_role(database, "web_institution", A, listing, person)) == 1


def test_credentials_are_listed_and_ended_in_the_own_organisation_only(database: Filled) -> None:
    client = database.filling.rows["machine_secret", A][0]["client_id"]
    ending = "select app.end_machine_secrets(%s::uuid)"
    assert as_role(database, "web_institution", B, ending, client) == [(0,)]
    assert as_role(database, "web_institution", A, ending, client) == [(1,)]
    listing = "select client_id from app.machine_secrets() where client_id = %s::uuid"
    assert as_role(database, "web_institution", B, listing, client) == []


def reached_by_a_stranger(database: Filled) -> list[str]:
    """Functions over local tables by which one institution reaches another's person or credential."""
    person = database.filling.rows["session", A][0]["person_id"]
    client = database.filling.rows["machine_secret", A][0]["client_id"]
    calls = (
        ("select reference from app.sessions_of(%s::uuid)", person),
        ("select client_id from app.machine_secrets() where client_id = %s::uuid", client),
        ("select 1 from app.end_machine_secrets(%s::uuid) n where n > 0", client),
    )
    return [call for call, named in calls if as_role(database, "web_institution", B, call, named) != []]


def test_no_function_reaches_a_stranger(database: Filled) -> None:
    assert reached_by_a_stranger(database) == []


def test_a_job_runs_as_who_asked_for_it_whatever_the_message_says(database: Filled) -> None:
    """The scope of a queued message is stamped by the database; one written into the payload is overwritten."""
    with psycopg.connect(database.url("web")) as connection:
        connection.execute(
            "select app.enter('web_institution', %s, %s, %s)",
            [A.scope["tenant_id"], A.scope["province_id"], A.scope["tenant_id"]],
        )
        connection.execute(
            "select app.enqueue('planted', 'default', jsonb_build_object('scope', jsonb_build_object("
            "'role', 'worker', 'tenant', %s::text)), 0, gen_random_uuid())",
            [B.scope["tenant_id"]],
        )
    with psycopg.connect(database.url("maintenance")) as connection:
        rows = connection.execute(
            "select message -> 'kwargs' -> 'scope' from app.task_queue where message ->> 'actor_name' = 'planted'"
        ).fetchall()
    assert rows == [
        (
            {
                "role": "web_institution",
                "tenant": A.scope["tenant_id"],
                "province": A.scope["province_id"],
                "organisation": A.scope["tenant_id"],
            },
        )
    ]


@pytest.mark.parametrize(
    "call",
    [
        "select app.session_of(''::bytea)",
        "select app.open_sign_in(''::bytea, '', '', '', 1)",
        "select app.list_tenants()",
        "select app.advance_clock(now())",
        "select app.put_tenant(null, null, '', null, '', '', true)",
        "select app.standing_of(null, null)",
        "select app.machine_of(''::bytea, '')",
        "select app.limit_sessions(null, null, 0)",
    ],
)
def test_a_role_calls_only_the_functions_that_are_its_own(database: Filled, call: str) -> None:
    """What is meant for a login before it enters, or for another audience, is not there for an institution."""
    assert as_role(database, "web_institution", A, call) == REFUSED


def test_a_bucket_gives_what_it_holds_and_then_says_how_long_to_wait(database: Filled) -> None:
    with psycopg.connect(database.url("web")) as connection:
        taken = "select app.take_from_bucket('planted', 2, 0.1)"
        waits = [connection.execute(taken).fetchone() for _ in range(4)]
        connection.rollback()
    assert [wait[0] for wait in waits[:2] if wait] == [0, 0]
    assert all(wait is not None and 9 < wait[0] <= 10 for wait in waits[2:])


def test_the_clock_moves_forwards_only_and_one_move_at_a_time(database: Filled) -> None:
    with psycopg.connect(database.url("maintenance")) as connection:
        connection.execute("update app.legal_clock set at = '2026-03-01T00:00Z', target = null")
    with psycopg.connect(database.url("web")) as connection:
        asked = [
            connection.execute("select app.request_clock_move(%s)", [day]).fetchone()
            for day in ("2026-02-01T00:00Z", "2026-03-02T00:00Z", "2026-03-03T00:00Z")
        ]
        connection.rollback()
    assert asked == [(False,), (True,), (False,)]
