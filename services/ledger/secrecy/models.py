"""What is kept of a gate that closed: how often in a month, and only where the unit's secrecy office allows that."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, ForeignKeyConstraint, Index, Integer, Uuid

from shared.db.tables import tenant_table

_OWNER = ["app.organisation.id", "app.organisation.province_id"]

secrecy_setting = tenant_table(
    "secrecy_setting",
    Column("province_id", Uuid, nullable=False),
    Column("counted", Boolean, nullable=False, comment="whether classified answers are counted by month"),
    Column("decided_by", Uuid),
    Column("decided_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("secrecy_setting_province_id_idx", "province_id"),
)

# Unit, month and number; who answered, when and about what is not known.
secrecy_count = tenant_table(
    "secrecy_count",
    Column("month", Date, primary_key=True, comment="its first day"),
    Column("province_id", Uuid, nullable=False),
    Column("n", Integer, nullable=False),
    CheckConstraint("n > 0", name="secrecy_count_check"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("secrecy_count_province_id_idx", "province_id"),
)
