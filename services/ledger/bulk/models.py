"""Changes of many achievements at once, so that one can be undone while nobody has touched what it changed."""

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid

from shared.db.tables import Json, tenant_table

STATES = {"done": "已办理", "undone": "已撤回"}

ledger_batch = tenant_table(
    "ledger_batch",
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("changes", Json, nullable=False, comment="the field and what it was changed to"),
    Column("rows", Json, nullable=False, comment="[[achievement, revision that the change made]]"),
    Column("since", Date, nullable=False, comment="from which day the change holds"),
    Column("reason", Text, nullable=False),
    Column("state", String(12), nullable=False, server_default="done"),
    Column("done_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("undone_at", DateTime(timezone=True), comment="legal instant"),
    Column("undone_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    Index("ledger_batch_done_idx", "tenant_id", "done_at"),
)
