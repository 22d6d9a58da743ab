"""Tables of disclosure: what completers tell the responsible department before the ledger knows it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.ledger.models import DISCLOSURE_STATES as DISCLOSURE_STATES
from shared.db.tables import Json, tenant_table

_DISCLOSURE = ["app.disclosure.tenant_id", "app.disclosure.id"]
_PERSON = ["app.person.tenant_id", "app.person.id"]

disclosure = tenant_table(
    "disclosure",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False, comment="who discloses"),
    Column("state", String(12), nullable=False, server_default="draft"),
    Column("name", Text),
    Column("type", String(40)),
    Column("technical_field", Text),
    Column("form", Text),
    Column("stage", String(20)),
    Column("market_prospect", Text),
    Column("funding", String(20)),
    Column("evidence", ARRAY(Text)),
    Column(
        "evidence_elsewhere", Text, comment="where the originals of kinds without a paper are kept, or their number"
    ),
    Column("right_number", String(80)),
    Column("obtained_on", Date),
    Column("college", String(80)),
    Column("remark", Text),
    Column("more", Json, comment="further fields of a province's pack, code to text"),
    Column("core_technology", Boolean, nullable=False, server_default="false"),
    Column(
        "returned_as", Json, comment="what it said when it last came back, field to text; the team as ids and shares"
    ),
    Column("pack_version_id", Uuid),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("submitted_at", DateTime(timezone=True), comment="legal instant"),
    Column("verified_at", DateTime(timezone=True), comment="legal instant"),
    Column("verified_by", Uuid),
    Column("achievement_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "person_id"], _PERSON),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    Index("disclosure_person_idx", "tenant_id", "person_id", "created_at"),
    Index("disclosure_state_idx", "tenant_id", "state", "submitted_at"),
    Index("disclosure_achievement_idx", "tenant_id", "achievement_id"),
    Index("disclosure_province_id_idx", "province_id"),
)

disclosure_completer = tenant_table(
    "disclosure_completer",
    Column("disclosure_id", Uuid, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column(
        "made_here", Boolean, nullable=False, server_default="false", comment="the person was entered with this form"
    ),
    Column("role", String(20)),
    Column("share_numerator", BigInteger),
    Column("share_denominator", BigInteger),
    CheckConstraint(
        "(share_numerator is null) = (share_denominator is null) and (share_denominator is null or "
        "(share_denominator > 0 and share_numerator >= 0 and share_numerator <= share_denominator))",
        name="disclosure_completer_share_check",
    ),
    ForeignKeyConstraint(["tenant_id", "disclosure_id"], _DISCLOSURE),
    ForeignKeyConstraint(["tenant_id", "person_id"], _PERSON),
    Index("disclosure_completer_person_idx", "tenant_id", "person_id"),
)

disclosure_return = tenant_table(
    "disclosure_return",
    Column("disclosure_id", Uuid, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("field", String(40), primary_key=True, comment="empty: the disclosure as a whole"),
    Column("reason", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    ForeignKeyConstraint(["tenant_id", "disclosure_id"], _DISCLOSURE),
)

disclosure_statement = tenant_table(
    "disclosure_statement",
    Column("disclosure_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True, comment="1, 2, 3 …: each time it was handed in, or taken back"),
    Column("said", Json, comment="what it said, field to text; the team as ids and shares; empty once it is wiped"),
    Column("at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "disclosure_id"], _DISCLOSURE),
)

disclosure_paper = tenant_table(
    "disclosure_paper",
    Column("id", Uuid, primary_key=True),
    Column("disclosure_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False, comment="a kind of evidence of the pack"),
    Column("version", SmallInteger, nullable=False, comment="1, 2, 3 … of its kind"),
    Column(
        "confidential", Boolean, nullable=False, server_default="false", comment="says so of itself; no state secret"
    ),
    Column("file_name", String(120)),
    Column("media_type", String(80), nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("object_hash", String(64), nullable=False, comment="SHA-256 of the bytes, its key in the object store"),
    Column("added_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("added_by", Uuid),
    Column("withdrawn_at", DateTime(timezone=True), comment="legal instant; nobody opens it any more"),
    Column("withdrawn_by", Uuid),
    CheckConstraint("size > 0 and version > 0", name="disclosure_paper_size_check"),
    ForeignKeyConstraint(["tenant_id", "disclosure_id"], _DISCLOSURE),
    UniqueConstraint("tenant_id", "disclosure_id", "kind", "version", name="disclosure_paper_version_key"),
)
