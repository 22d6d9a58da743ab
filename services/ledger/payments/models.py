"""Tables of received payments (到账): each instalment or royalty of a conversion, every version of it."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint

from shared.db.tables import tenant_table

# The platform's own words; no text prescribes any.
KINDS = {
    "single": "一次付清",
    "instalment": "分期款",
    "royalty": "提成、使用费",
    "dividend": "股权分红或者处置收入",
    "other": "其他",
}


def payment_values() -> tuple[Column[Any], ...]:
    """What is recorded of one payment; ``amount`` is in yuan and above 0: what was not received is not recorded."""
    return (
        Column("achievement_id", Uuid, nullable=False),
        Column("conversion_id", Uuid, nullable=False),
        Column("received_on", Date, nullable=False),
        Column("amount", Numeric(20, 2), nullable=False),
        Column("kind", String(12), nullable=False),
        Column("reference", String(80), nullable=False, comment="of the voucher"),
        Column("remark", Text),
        Column("live", Boolean, nullable=False, server_default="true", comment="false: it was recorded by mistake"),
    )


conversion_payment = tenant_table(
    "conversion_payment",
    Column("id", Uuid, primary_key=True),
    *payment_values(),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "conversion_id"], ["app.conversion_record.tenant_id", "app.conversion_record.id"]
    ),
    CheckConstraint("amount > 0 and amount < 1e14", name="conversion_payment_amount_check"),
    Index("conversion_payment_achievement_idx", "tenant_id", "achievement_id"),
    Index("conversion_payment_conversion_idx", "tenant_id", "conversion_id"),
)

conversion_payment_version = tenant_table(
    "conversion_payment_version",
    Column("id", Uuid, primary_key=True),
    Column("version", Uuid, primary_key=True),
    Column("held", DATERANGE, nullable=False),
    Column("recorded", TSTZRANGE, nullable=False),
    *payment_values(),
    Column("revision", Integer, nullable=False),
    Column("reason", Text),
    Column("actor_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "id"], ["app.conversion_payment.tenant_id", "app.conversion_payment.id"]),
    ExcludeConstraint(
        ("tenant_id", "="), ("id", "="), ("held", "&&"), ("recorded", "&&"), name="conversion_payment_version_excl"
    ),
    Index("conversion_payment_version_achievement_idx", "tenant_id", "achievement_id"),
)
