"""The table of papers: what proves something that the ledger says of an achievement, with the hash of its bytes."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import tenant_table

ledger_paper = tenant_table(
    "ledger_paper",
    Column("id", Uuid, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("purpose", String(20), nullable=False, comment="what it proves: stage"),
    Column("kind", String(40), nullable=False, comment="a kind of evidence of the pack"),
    Column("subjects", ARRAY(Text), comment="which points of it: criteria of the stage"),
    Column("reference", String(200), comment="its number, as printed"),
    Column("dated_on", Date),
    Column("file_name", String(120), nullable=False),
    Column("media_type", String(80), nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("object_hash", String(64), nullable=False, comment="SHA-256 of the bytes, its key in the object store"),
    Column("added_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("added_by", Uuid),
    Column("withdrawn_at", DateTime(timezone=True), comment="legal instant; the paper stays kept"),
    Column("withdrawn_by", Uuid),
    Column("withdrawn_reason", Text),
    CheckConstraint("size > 0", name="ledger_paper_size_check"),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    Index("ledger_paper_achievement_idx", "tenant_id", "achievement_id", "purpose"),
    Index(
        "ledger_paper_once_key",
        "tenant_id",
        "achievement_id",
        "purpose",
        "object_hash",
        unique=True,
        postgresql_where=text("withdrawn_at is null"),
    ),
)
