"""The archives that a tenant asked for."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Index, Integer, String, Text, Uuid

from shared.db.tables import tenant_table

tenant_archive = tenant_table(
    "tenant_archive",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("asked_by", Uuid, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False, comment="real instant"),
    Column("written", Integer, nullable=False, server_default="0", comment="members so far"),
    Column("members", Integer, nullable=False, server_default="0", comment="that it will have"),
    Column("finished_at", DateTime(timezone=True), comment="real instant"),
    Column("reason", Text, comment="why there is none, once it is finished"),
    Column("object_hash", String(64), comment="of the zip"),
    Column("bytes", BigInteger, comment="of the zip"),
    Column("rows", BigInteger),
    Column("total", String(64), comment="the manifest's one checksum over all members"),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("tenant_archive_asked_idx", "tenant_id", "asked_at"),
    Index("tenant_archive_province_id_idx", "province_id"),
)
