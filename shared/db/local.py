"""Local tables of the machinery: the legal clock, rate limits, the pack in force, the schedule."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Float, Index, Integer, SmallInteger, String, Uuid, func

from shared.db.tables import local_table

legal_clock = local_table(
    "legal_clock",
    Column("only", SmallInteger, primary_key=True, server_default="1"),
    Column("at", DateTime(timezone=True), comment="empty: real time"),
    Column("target", DateTime(timezone=True), comment="a move under way"),
    Column("started_from", DateTime(timezone=True)),
    CheckConstraint('"only" = 1', name="legal_clock_only_check"),
)

pack_in_force = local_table(
    "pack_in_force",
    Column("province_id", Uuid, primary_key=True),
    Column("effective_on", Date, primary_key=True),
    Column("pack_version_id", Uuid, nullable=False),
)

rate_bucket = local_table(
    "rate_bucket",
    Column("bucket", String(120), primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("rate_bucket_at_idx", "at"),
)

job_run = local_table(
    "job_run",
    Column("job", String(60), primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    Column("due_at", DateTime(timezone=True), primary_key=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("done_at", DateTime(timezone=True)),
    Column("enqueued_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
