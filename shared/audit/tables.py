"""Audit tables: rows that are never changed, and the chain that seals them afterwards."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    Uuid,
    func,
)

from shared.db.tables import Json, stream_columns, stream_indexes, tenant_table

audit_entry = tenant_table(
    "audit_entry",
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(), nullable=False, comment="order of arrival, not gapless"),
    *stream_columns(),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp(), comment="real time"),
    Column("action", String(80), nullable=False),
    Column("object_kind", String(40), nullable=False),
    Column("object_id", Uuid),
    Column("outcome", String(20), nullable=False, comment="done, refused, read, failed"),
    Column("details", Json),
    Column("address", String(64)),
    Column("request_id", String(40)),
    *stream_indexes("audit_entry"),
    Index("audit_entry_tenant_id_position_idx", "tenant_id", "position"),
    Index("audit_entry_object_idx", "tenant_id", "object_kind", "object_id"),
)

audit_head = tenant_table(
    "audit_head",
    Column("sealed", BigInteger, nullable=False, server_default="0"),
    Column("hash", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

audit_seal = tenant_table(
    "audit_seal",
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Uuid, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "entry_id"], ["app.audit_entry.tenant_id", "app.audit_entry.id"]),
    Index("audit_seal_entry_key", "tenant_id", "entry_id", unique=True),
)

audit_checkpoint = tenant_table(
    "audit_checkpoint",
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="the last seal it covers"),
    Column("hash", LargeBinary, nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("statement", Text, nullable=False, comment="the text that was signed"),
)
