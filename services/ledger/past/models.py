"""Tables of past totals: what each change did to the totals of every day, and the same added up for the authorities.

The totals of a day are the sum of all changes that count until that day; as they were known at the end of a real day, of those
that were known by then.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKeyConstraint, Index, Numeric, String, Uuid, func

from shared.db.tables import global_table, tenant_table

_OWNER = ["app.organisation.id", "app.organisation.province_id"]


def change_values() -> tuple[Column[Any], ...]:
    """One cell of a change: from which legal day on it counts, and since which real day that is known; amounts in yuan."""
    return (
        Column("dimension", String(20), primary_key=True, comment="status, stage, mode, or a pair: type_status …"),
        Column("day", Date, primary_key=True, comment="legal day from which on it counts"),
        Column("known_on", Date, primary_key=True, comment="real day since which it is known"),
        Column("first", String(40), primary_key=True),
        Column("second", String(40), primary_key=True, server_default=""),
        Column("n", BigInteger, nullable=False, comment="how many more, or fewer"),
        Column("n_valued", BigInteger, nullable=False),
        Column("sum", Numeric(24, 2), nullable=False),
    )


ledger_total_change = tenant_table(
    "ledger_total_change",
    *change_values(),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("ledger_total_change_province_id_idx", "province_id", "changed_at"),
    Index("ledger_total_change_department_id_idx", "department_id"),
)

department_total_change = global_table(
    "department_total_change",
    Column("department_id", Uuid, primary_key=True),
    *change_values(),
    Column("province_id", Uuid, nullable=False),
    Column("rolled_up_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["department_id", "province_id"], _OWNER),
    Index("department_total_change_province_id_idx", "province_id", "dimension", "day"),
)
