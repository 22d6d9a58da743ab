"""A completer says which of the ledger's completers they are; the responsible department confirms it.

The ledger's own rows and versions keep the ids that they were written with: the link stands beside them.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid, text

from shared.db.tables import tenant_table

CLAIM_STATES = {
    "submitted": "待确认",
    "confirmed": "已确认",
    "declined": "未确认",
    "withdrawn": "已撤回",
    "ended": "已解除",
}
_PERSON = ["app.person.tenant_id", "app.person.id"]

person_claim = tenant_table(
    "person_claim",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False, comment="who signs in and says so"),
    Column("completer_id", Uuid, nullable=False, comment="whom the ledger names"),
    Column("state", String(12), nullable=False, server_default="submitted"),
    Column("reason", Text, comment="why it was declined or ended"),
    Column("claimed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("decided_at", DateTime(timezone=True), comment="legal instant"),
    Column("decided_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "person_id"], _PERSON),
    ForeignKeyConstraint(["tenant_id", "completer_id"], _PERSON),
    CheckConstraint(
        "state in ('submitted', 'confirmed', 'declined', 'withdrawn', 'ended') and person_id <> completer_id",
        name="person_claim_state_check",
    ),
    Index("person_claim_province_id_idx", "province_id"),
    Index("person_claim_state_idx", "tenant_id", "state", "claimed_at"),
    Index("person_claim_person_idx", "tenant_id", "person_id"),
    # One account per completer; the same person asks once at a time.
    Index(
        "person_claim_completer_key",
        "tenant_id",
        "completer_id",
        unique=True,
        postgresql_where=text("state = 'confirmed'"),
    ),
    Index(
        "person_claim_live_key",
        "tenant_id",
        "person_id",
        "completer_id",
        unique=True,
        postgresql_where=text("state in ('submitted', 'confirmed')"),
    ),
)
