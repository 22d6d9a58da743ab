"""The papers in which a unit laid down its own rules, version by version; nothing is overwritten or removed."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)

from shared.db.tables import tenant_table

unit_document = tenant_table(
    "unit_document",
    Column("id", Uuid, primary_key=True),
    Column("kind", String(40), nullable=False, comment="code of the pack"),
    Column("version", SmallInteger, nullable=False, comment="1, 2, 3 … of its kind"),
    Column("title", String(200), nullable=False),
    Column("number", String(80), comment="as printed"),
    Column("decided_by", String(100), nullable=False, comment="the body that decided it"),
    Column("decided_on", Date, nullable=False),
    Column("in_force_on", Date, nullable=False),
    Column("changes", Text, comment="what this version changes"),
    Column("file_name", String(120), nullable=False),
    Column("media_type", String(80), nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("object_hash", String(64), nullable=False, comment="SHA-256 of the bytes, its key in the object store"),
    Column("added_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("added_by", Uuid),
    CheckConstraint("size > 0 and version > 0", name="unit_document_size_check"),
    ForeignKeyConstraint(["tenant_id", "added_by"], ["app.person.tenant_id", "app.person.id"]),
    UniqueConstraint("tenant_id", "kind", "version", name="unit_document_version_key"),
)
