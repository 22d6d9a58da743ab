"""Which policy pack governs: stored versions, activations, and the process's cache of resolved packs."""

from uuid import UUID

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, Uuid, func

from shared.db.tables import global_table

pack_version = global_table(
    "pack_version",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("region", String(12), nullable=False),
    Column("version", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="the checked files as one text; only this runs"),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("published_at", DateTime(timezone=True)),
    UniqueConstraint("province_id", "hash", name="pack_version_province_id_hash_key"),
    UniqueConstraint("id", "province_id", name="pack_version_id_province_id_key"),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

pack_activation = global_table(
    "pack_activation",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("pack_version_id", Uuid, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("proposed_by", Uuid, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_by", Uuid),
    Column("confirmed_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["pack_version_id", "province_id"], ["app.pack_version.id", "app.pack_version.province_id"]),
    Index("pack_activation_province_id_idx", "province_id", "effective_on"),
)

calendar_day = global_table(
    "calendar_day",
    Column("province_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("working", String(8), nullable=False, comment="off or working"),
    Column("name", String(40), nullable=False),
    Column("source", String(200), nullable=False),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

__all__ = ["UUID", "calendar_day", "pack_activation", "pack_version"]
