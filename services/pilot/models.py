"""Pilot membership (试点资格): a row of the institution's tenant, written by the science department of its province."""

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Index, String, Uuid, func
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint

from shared.db.tables import tenant_table

GUIDELINES = {"empowerment": "赋权改革试点", "ledger": "单列管理试点"}

pilot_membership = tenant_table(
    "pilot_membership",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("guideline", String(20), nullable=False, comment="empowerment or ledger"),
    Column("held", DATERANGE, nullable=False, comment="from the first day; open until the membership is ended"),
    Column("document", String(200), nullable=False, comment="the selection's title or number"),
    Column("selected_on", Date, nullable=False),
    Column("ended_by", String(200), comment="the document that ended it"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ExcludeConstraint(("tenant_id", "="), ("guideline", "="), ("held", "&&"), name="pilot_membership_held_excl"),
    Index("pilot_membership_province_id_idx", "province_id"),
)
