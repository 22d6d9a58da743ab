"""Messages to people and the mails that go with them."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid, func, text

from shared.db.tables import stream_columns, stream_indexes, tenant_table

message = tenant_table(
    "message",
    Column("id", Uuid, primary_key=True, comment="of the outbox row it was made of"),
    *stream_columns(),
    Column("person_id", Uuid, comment="to this person"),
    Column("permission", String(60), comment="or to all who hold this permission"),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("href", String(300), nullable=False, server_default=""),
    Column("at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    *stream_indexes("message"),
    Index("message_recorded_idx", "tenant_id", "recorded_at"),
    Index("message_person_idx", "tenant_id", "person_id"),
)

message_read = tenant_table(
    "message_read",
    Column("message_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    *(column for column in stream_columns() if column.name != "actor_id"),
    Column("read_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "message_id"], ["app.message.tenant_id", "app.message.id"]),
    *stream_indexes("message_read"),
)

mail = tenant_table(
    "mail",
    Column("id", Uuid, primary_key=True, comment="of the outbox row it was made of"),
    *stream_columns(),
    Column("person_id", Uuid, nullable=False, comment="the address is looked up when it is sent"),
    Column("subject", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("sent_at", DateTime(timezone=True), comment="empty: kept in the mailbox page only"),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    *stream_indexes("mail"),
    Index("mail_person_idx", "tenant_id", "person_id", "recorded_at"),
    Index("mail_unsent_idx", "tenant_id", postgresql_where=text("sent_at is null")),
)
