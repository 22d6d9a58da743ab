"""What each database role ought to reach: its login, whose place it enters, the axis of its audience, its grants."""

import re
from collections.abc import Mapping, Sequence

import psycopg

LOGINS: Mapping[str, Sequence[str]] = {
    "web": ("web_public", "web_institution", "web_science", "web_department", "web_finance", "web_operator"),
    "tasks": ("worker", "worker_rollup", "web_science", "web_department", "web_finance"),
}
ROLES = tuple(dict.fromkeys(role for roles in LOGINS.values() for role in roles))
ACTOR_OF = {
    "web_science": "science",
    "web_department": "department",
    "web_finance": "finance",
    "web_operator": "operator",
}
"""Console role to the organisation that acts through it; the others act as the institution."""
AXES = {
    "web_public": "tenant_id",
    "web_institution": "tenant_id",
    "worker": "tenant_id",
    "web_science": "province_id",
    "web_operator": "province_id",
    "worker_rollup": "province_id",
    "web_department": "department_id",
    "web_finance": "recipient_id",
}
"""Role to the column of a tenant's row that must be its own; a row of a province is every role's by its province."""
OTHER_AXES = {
    **{(role, "idempotency_key"): "tenant_id" for role in ROLES},
    ("web_department", "department_total"): "department_id",
    ("web_department", "department_total_change"): "department_id",
    ("web_public", "pilot_membership"): "province_id",  # who is in which pilot is public
    ("web_science", "person"): "tenant_id",  # the names of its own people, of no institution's
}
READ_UNPUBLISHED = {"pack_version": "a stored version is published as it is stored"}
_BESIDE_AXIS = re.compile(r"^\(\(\w+ = app\.current_\w+\(\)\) AND (.*)\)$", re.DOTALL)
_OWN_ACT = re.compile(r"\(actor_organisation_id = app\.current_organisation\(\)\)( AND )?")


class Privileges:
    """Which role may do what with which column, by the catalogue; and to which of its own rows its policy keeps it."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "select r, c.relname, a.attname, p from unnest(%s::text[]) r, pg_class c, pg_attribute a, "
                "unnest(array['SELECT', 'INSERT', 'UPDATE']) p where c.relnamespace = 'app'::regnamespace "
                "and c.relkind in ('r', 'p') and a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
                "and has_column_privilege(r, c.oid, a.attnum, p) "
                "union all select r, c.relname, '', 'DELETE' from unnest(%s::text[]) r, pg_class c "
                "where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') "
                "and has_table_privilege(r, c.oid, 'DELETE')",
                [list(ROLES), list(ROLES)],
            ).fetchall()
            policies = connection.execute(
                "select r, tablename, cmd, coalesce(qual, with_check) from pg_policies, unnest(roles::text[]) r "
                "where schemaname = 'app' and permissive = 'PERMISSIVE' and not policyname like '%\\_floor'"
            ).fetchall()
        self._policies = [(role, table, command, predicate) for role, table, command, predicate in policies]
        self._columns: dict[tuple[str, str, str], list[str]] = {}
        for role, table, column, privilege in found:
            self._columns.setdefault((role, table, privilege), []).append(column)

    def columns(self, role: str, table: str, privilege: str) -> list[str]:
        return self._columns.get((role, table, privilege), [])

    def narrower(self, role: str, table: str, command: str) -> str | None:
        """What a policy asks beside its axis (``state <> 'draft'``): it may show less of one's own, never more."""
        predicates = {
            predicate
            for by, of, commands, predicate in self._policies
            if (by, of) == (role, table) and commands in (command, "ALL")
        }
        beside = _BESIDE_AXIS.match(predicates.pop()) if len(predicates) == 1 else None
        rest = _OWN_ACT.sub("", beside.group(1)) if beside else ""
        return rest if rest and "current_" not in rest else None
