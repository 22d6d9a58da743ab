"""Holes to plant in a copy of the database, each with who must find it: the judge of the form, the trials, or both."""

from dataclasses import dataclass

_OWN = "tenant_id = app.current_tenant()"
_FLOORS_OFF = "drop policy web_institution_floor on app.achievement"
_BY_PROVINCE = "province_id = app.current_province()"


@dataclass(frozen=True, slots=True)
class Hole:
    """``form``: what the judge of the form says; ``trial``: what the trials say. None: it cannot see this one."""

    name: str
    table: str
    statements: tuple[str, ...]
    form: str | None
    trial: str | None
    repair: tuple[str, ...] = ()
    """For what is not in the copy but in the whole server: roles."""


def _rewritten(table: str, role: str, command: str, predicate: str) -> tuple[str, ...]:
    """A role's policy and floor, both with another predicate."""
    return (
        f"drop policy {role}_{command} on app.{table}",
        f"drop policy {role}_floor on app.{table}",
        f"create policy {role}_{command} on app.{table} for {command} to {role} using ({predicate})",
        f"create policy {role}_floor on app.{table} as restrictive for all to {role} "
        f"using ({predicate}) with check ({predicate})",
    )


def _on_version_16(then: str, otherwise: str) -> str:
    return (
        "do $$ begin if current_setting('server_version_num')::int >= 160000 "
        f"then execute '{then}'; else execute '{otherwise}'; end if; end $$"
    )


HOLES = (
    Hole(
        "a permissive policy is missing", "achievement", ("drop policy web_institution_all on app.achievement",),
        "granted but no policy of the role", "web_institution achievement misses its own",
    ),
    Hole("a floor is missing", "achievement", (_FLOORS_OFF,), "role has a policy but no floor", None),
    Hole(
        "or true behind its floor", "achievement",
        (f"alter policy web_institution_all on app.achievement using ({_OWN} or true) with check ({_OWN} or true)",),
        "or, subquery, constant or unknown form", None,
    ),
    Hole(
        "or true without floor", "achievement",
        (_FLOORS_OFF, f"alter policy web_institution_all on app.achievement using ({_OWN} or true)"),
        "or, subquery, constant or unknown form", "web_institution achievement sees another's",
    ),
    Hole(
        "a policy for everybody", "notice",
        ("drop policy web_institution_floor on app.notice", "create policy everybody on app.notice using (id is not null)"),
        "policy not to exactly one role", "web_institution notice sees another's",
    ),
    Hole(
        "row-level security is not forced", "notice", ("alter table app.notice no force row level security",),
        "rls off or not forced", "owner notice sees rows",
    ),
    Hole(
        "a table without row-level security", "notice", ("alter table app.notice disable row level security",),
        "rls off or not forced", "web_institution notice sees another's",
    ),
    Hole(
        "a column with another axis' function", "supervision",
        _rewritten("supervision", "web_department", "select", "province_id = app.current_department()"),
        "column and function do not match", "web_department supervision misses its own",
    ),
    Hole(
        "an axis that is not the role's", "supervision",
        _rewritten("supervision", "web_department", "select", _BY_PROVINCE),
        "column not this role's", "web_department supervision sees another's",
    ),
    Hole(
        "a second policy on another axis", "achievement",
        (_FLOORS_OFF, f"create policy second on app.achievement for select to web_institution using ({_BY_PROVINCE})"),
        "two axes of one role", "web_institution achievement sees another's",
    ),
    Hole(
        "with check (true)", "achievement",
        (_FLOORS_OFF, "alter policy web_institution_all on app.achievement with check (true)"),
        "with check differs from using", "web_institution achievement writes for another",
    ),
    Hole(
        "the public may write for any authority", "list_opinion",
        (
            "drop policy web_public_floor on app.list_opinion",
            "alter policy web_public_insert on app.list_opinion with check (true)",
        ),
        "or, subquery, constant or unknown form", "web_public list_opinion writes for another",
    ),
    Hole(
        "drafts are shown", "list_version", _rewritten("list_version", "web_public", "select", _BY_PROVINCE),
        None, "web_public list_version sees another's",
    ),
    Hole(
        "an authority reads and writes in others' names", "audit_entry",
        (
            "drop policy web_science_floor on app.audit_entry",
            f"alter policy web_science_all on app.audit_entry using ({_BY_PROVINCE}) with check ({_BY_PROVINCE})",
        ),
        "role has a policy but no floor", "web_science audit_entry writes in another's name",
    ),
    Hole(
        "a definer function over a tenant's rows", "achievement",
        (
            "create function app.peek() returns bigint language sql security definer set search_path = pg_catalog, pg_temp "
            "as 'select count(*) from app.achievement'",
            "revoke execute on function app.peek() from public",
        ),
        "definer function names a protected table", None,
    ),
    Hole(
        "a definer function with the caller's search path", "session",
        (
            "create function app.peek() returns bigint language sql security definer as 'select count(*) from app.session'",
            "revoke execute on function app.peek() from public",
        ),
        "definer function without search_path = pg_catalog, pg_temp", None,
    ),
    Hole(
        "a function for everybody", "session", ("grant execute on function app.session_of(bytea) to public",),
        "function executable by everybody", None,
    ),
    Hole(
        "a role that may enter again", "person",
        ("grant execute on function app.enter(text, uuid, uuid, uuid) to web_institution",),
        "app.enter executable by a role that is no login", None,
    ),
    Hole(
        "a tenant by default", "person",
        (
            "create or replace function app.current_tenant() returns uuid language sql stable parallel safe as $$ "
            "select coalesce(nullif(current_setting('app.tenant_id', true), ''), gen_random_uuid()::text)::uuid $$",
        ),
        "setting function changed", None,
    ),
    Hole(
        "a serving role that passes row-level security", "achievement", ("alter role web_institution bypassrls",),
        "bypass", "web_institution achievement sees another's", ("alter role web_institution nobypassrls",),
    ),
    Hole(
        "a login that inherits its roles", "province",
        (_on_version_16("grant web_institution to web with inherit true", "alter role web inherit"),),
        "login inherits its roles", "web province without entering: select",
        (_on_version_16("grant web_institution to web with inherit false", "alter role web noinherit"),),
    ),
    Hole(
        "a serving role that is the owner", "person", ("grant owner to web_institution",),
        "member of owner or maintenance", "web_institution person truncates", ("revoke owner from web_institution",),
    ),
    Hole(
        "a key across tenants", "achievement", ("create unique index planted on app.achievement (id)",),
        "key of a tenant table does not begin with tenant_id", None,
    ),
    Hole(
        "an idempotency key across tenants", "idempotency_key",
        (
            "alter table app.idempotency_key drop constraint idempotency_key_pkey",
            "alter table app.idempotency_key add primary key (actor, key)",
        ),
        "key of a tenant table does not begin with tenant_id", None,
    ),
    Hole(
        "a reference across tenants", "conversion_record",
        (
            "create unique index planted on app.achievement (id)",
            "alter table app.conversion_record drop constraint conversion_record_tenant_id_achievement_id_fkey, "
            "add foreign key (achievement_id) references app.achievement (id)",
        ),
        "foreign key to a tenant table does not begin with tenant_id", "conversion_record refers to another's row",
    ),
    Hole(
        "a province that nobody checks", "person",
        ("alter table app.person drop constraint person_tenant_id_province_id_fkey",),
        "tenant and province are not those of one organisation", "web_institution person lies about the province",
    ),
    Hole(
        "audit rows that may be changed", "audit_entry", ("grant update on app.audit_entry to web_institution",),
        "append-only table may be changed", None,
    ),
    Hole(
        "a version that may be rewritten", "achievement_version",
        ("grant update (actor_id) on app.achievement_version to web_institution",), "version changed beyond recorded", None,
    ),
    Hole(
        "a view with its owner's eyes", "achievement",
        ("create view app.everything as select * from app.achievement", "grant select on app.everything to web_institution"),
        "view not security_invoker", None,
    ),
    Hole(
        "a local table within reach", "session", ("grant select on app.session to web_institution",),
        "local table granted", "web_institution session reads a local table",
    ),
    Hole(
        "a trigger", "notice",
        (
            "create function app.planted() returns trigger language plpgsql as 'begin return new; end'",
            "revoke execute on function app.planted() from public",
            "create trigger planted before insert on app.notice for each row execute function app.planted()",
        ),
        "trigger", None,
    ),
    Hole(
        "a table of nobody's scope", "achievement",
        ("create table app.planted (tenant_id uuid primary key)", "grant select on app.planted to web_institution"),
        "table without a declared scope", None,
    ),
)  # fmt: skip
