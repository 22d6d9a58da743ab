"""Mergers of institutions (机构并入): proposed by one operator, confirmed by another, carried out on their day."""

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid, text

from shared.db.tables import Json, global_table

STATES = {"proposed": "待确认", "confirmed": "已确认，待办理", "withdrawn": "已撤回", "done": "已办理"}

organisation_merger = global_table(
    "organisation_merger",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("source_id", Uuid, nullable=False, comment="the institution that goes over"),
    Column("target_id", Uuid, nullable=False, comment="the institution that it goes over to"),
    Column("since", Date, nullable=False, comment="carried out on this day, or later when something stood in the way"),
    Column("document", String(200), nullable=False, comment="the paper that orders it"),
    Column("state", String(12), nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("proposed_by", Uuid, nullable=False),
    Column("confirmed_at", DateTime(timezone=True), comment="legal instant"),
    Column("confirmed_by", Uuid),
    Column("examined_at", DateTime(timezone=True), comment="legal instant at which the findings were counted"),
    Column("findings", Json, comment="goes: what goes over; stands: what stands in the way; each name to a number"),
    Column("done_at", DateTime(timezone=True), comment="legal instant"),
    Column("reason", Text, comment="why it was withdrawn"),
    ForeignKeyConstraint(["source_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["target_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("organisation_merger_province_id_idx", "province_id"),
    Index(
        "organisation_merger_open_key",
        "source_id",
        unique=True,
        postgresql_where=text("state in ('proposed', 'confirmed', 'done')"),
    ),
)
