"""The form of row-level security that every migration uses; frozen, since migrations of the past rest on it.

One permissive policy per (table, role, command) with exactly one scope equality, and one restrictive floor per (table, role) with
the same predicate: a distributed engine may turn a floor into a permissive policy, so a looser floor would open the table.
"""

from collections.abc import Iterable

from alembic import op

_FUNCTION = {
    "tenant_id": "app.current_tenant()",
    "province_id": "app.current_province()",
    "department_id": "app.current_department()",
    "recipient_id": "app.current_recipient()",
}


def protect(*tables: str) -> None:
    """Turn row-level security on and force it, for the owner too."""
    for table in tables:
        op.execute(f"alter table app.{table} enable row level security")
        op.execute(f"alter table app.{table} force row level security")


def scope(
    tables: Iterable[str] | str,
    roles: Iterable[str] | str,
    command: str,
    column: str,
    extra: str | None = None,
    *,
    floor: bool = True,
) -> None:
    """Let roles run a command on rows whose ``column`` equals the transaction's own; ``extra`` names no second scope.

    ``floor=False`` when the same (table, role) already has its floor from an earlier call.
    """
    for table in [tables] if isinstance(tables, str) else tables:
        for role in [roles] if isinstance(roles, str) else roles:
            predicate = f"{column} = {_FUNCTION[column]}" + (f" and {extra}" if extra else "")
            check = {
                "select": f"using ({predicate})",
                "delete": f"using ({predicate})",
                "insert": f"with check ({predicate})",
            }.get(command, f"using ({predicate}) with check ({predicate})")
            op.execute(f"create policy {role}_{command} on app.{table} for {command} to {role} {check}")
            if floor:
                op.execute(
                    f"create policy {role}_floor on app.{table} as restrictive for all to {role} "
                    f"using ({predicate}) with check ({predicate})"
                )


def grant(privileges: str, tables: Iterable[str] | str, roles: Iterable[str] | str) -> None:
    """``grant("select, insert", "notice", ["web_institution", "worker"])``."""
    names = ", ".join(f"app.{table}" for table in ([tables] if isinstance(tables, str) else tables))
    op.execute(f"grant {privileges} on {names} to {roles if isinstance(roles, str) else ', '.join(roles)}")


def for_maintenance(*tables: str) -> None:
    """Backup, restore, verification and data steps of later migrations."""
    for table in tables:
        op.execute(f"grant all on app.{table} to maintenance")
