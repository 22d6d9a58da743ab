"""Tables that every slice writes beside its own rows: events, decisions, outbox, idempotency keys."""

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    func,
    text,
)

from shared.db.tables import Json, stream_columns, stream_indexes, tenant_table

workflow_event = tenant_table(
    "workflow_event",
    Column("id", Uuid, primary_key=True),
    *stream_columns(),
    Column("case_kind", String(40), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("event", String(60), nullable=False),
    Column("from_state", String(40)),
    Column("to_state", String(40)),
    Column("at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("reason", Text),
    Column("details", Json),
    Column("pack_version_id", Uuid),
    *stream_indexes("workflow_event"),
    Index("workflow_event_case_idx", "tenant_id", "case_kind", "case_id", "recorded_at"),
    Index("workflow_event_actor_idx", "tenant_id", "actor_id", "recorded_at"),
)

decision = tenant_table(
    "decision",
    Column("id", Uuid, primary_key=True),
    *stream_columns(),
    Column("question", String(80), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("facts", Json, nullable=False),
    Column("answer", Json, nullable=False),
    Column("pack_version_id", Uuid, nullable=False),
    Column("pack_hash", String(64), nullable=False),
    Column("list_version_id", Uuid),
    Column("list_hash", String(64)),
    Column("case_kind", String(40), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    *stream_indexes("decision"),
    Index("decision_case_idx", "tenant_id", "case_kind", "case_id", "recorded_at"),
)

outbox = tenant_table(
    "outbox",
    Column("id", Uuid, primary_key=True),
    *stream_columns(),
    Column("kind", String(60), nullable=False, comment="what leaves: message, mail, publication, filing"),
    Column("payload", Json, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("delivered_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    *stream_indexes("outbox"),
    Index("outbox_pending_idx", "tenant_id", "created_at", postgresql_where=text("delivered_at is null")),
)

idempotency_key = tenant_table(
    "idempotency_key",
    Column("actor", String(80), primary_key=True, comment="person id, or the form token of an anonymous visitor"),
    Column("key", String(80), primary_key=True),
    Column("status", Integer),
    Column("address", Text),
    Column("request_hash", String(64), comment="SHA-256 of the route and, where it is read whole, the body"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
