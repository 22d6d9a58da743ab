"""Orders to erase: what a person with the right to it ordered, and the certificate of what was done."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid

from shared.db.tables import Json, tenant_table

erasure_order = tenant_table(
    "erasure_order",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(12), nullable=False, comment="secret: a record and all that hangs on it; person: a name"),
    Column("subject_kind", String(20), nullable=False, comment="achievement or person"),
    Column("subject_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("words", Json, comment="what is looked for; emptied once it is done"),
    Column("spared", Json, comment="places that a person decided to leave as they are: table|key"),
    Column("ordered_by", Uuid),
    Column("ordered_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("done_at", DateTime(timezone=True), comment="real instant"),
    Column("statement", Text, comment="the certificate, as it was signed"),
    Column("key_id", String(40)),
    Column("signature", String(128), comment="hex"),
    CheckConstraint(
        "kind in ('secret', 'person') and (done_at is null) = (statement is null)",
        name="erasure_order_check",
    ),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("erasure_order_subject_idx", "tenant_id", "subject_id"),
    Index("erasure_order_province_id_idx", "province_id"),
)
