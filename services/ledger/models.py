"""Tables of the ledger: achievements as they stand, every version of them, numbers, search words, totals, exports.

``achievement`` is the projection of the newest ``achievement_version``; both are written by ``workflow`` alone.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, TSTZRANGE, ExcludeConstraint

from shared.db.tables import Json, global_table, tenant_table

ACHIEVEMENT_STATES = {"registered": "在册", "quarantined": "已隔离", "revoked": "已撤销", "merged": "已并入他单位"}
SOURCES = {"imported": "台账导入", "disclosed": "成果披露", "entered": "直接登记", "merged": "机构并入"}
EXPORT_STATES = {"queued": "排队中", "running": "正在生成", "done": "已生成", "failed": "未生成"}
DISCLOSURE_STATES = {
    "draft": "草稿",
    "submitted": "待核实",
    "returned": "已退回",
    "registered": "已登记",
    "withdrawn": "已撤回",
}
NAME_LIMIT = 300
_OWNER = ["app.organisation.id", "app.organisation.province_id"]
_ACHIEVEMENT = ["app.achievement.tenant_id", "app.achievement.id"]


def achievement_values() -> tuple[Column[Any], ...]:
    """What the ledger records of an achievement, alike in the current table and in its versions.

    ``value`` is in yuan, empty where not appraised; ``value_cents`` and ``obtained_key`` exist to be sorted by, since
    comparing numbers of type numeric is not leakproof and would not use an index under row-level security. (The year 1 is
    infinity to the driver, hence the year 2 for an empty date.)
    """
    return (
        Column("number", Integer, nullable=False, comment="gapless per institution, never used twice"),
        Column("code", String(24), nullable=False, comment="the number as printed"),
        Column("state", String(12), nullable=False),
        Column("name", Text, nullable=False),
        Column("name_key", Text, nullable=False, comment="NFKC, casefolded, without blanks"),
        Column("sort_key", String(120), nullable=False, comment="pinyin"),
        Column("type", String(40), nullable=False),
        Column("type_group", String(40)),
        Column("right_category", String(40), comment="what kind of patent"),
        Column("obtained_on", Date),
        Column("obtained_precision", String(5), comment="day or month"),
        Column("stage_declared", String(20)),
        Column("stage_recognised", String(20)),
        Column("stage_since", Date),
        Column("stage_criteria", Json, comment="code to date"),
        Column("stage_evidence", ARRAY(Text)),
        Column("status", String(20), nullable=False),
        Column("mode", String(24)),
        Column("value", Numeric(20, 2), comment="yuan"),
        Column("value_kind", String(12), comment="amount or appraisal"),
        Column("conversions", Integer, nullable=False, server_default="0", comment="how often converted"),
        Column("funding", String(20)),
        Column("research_started_on", Date),
        Column("research_basis", Json, comment="dates: code to date; chosen, reason: where another day was taken"),
        Column("owners", Json, comment="[{name, credit_code, share: [numerator, denominator]}], together one whole"),
        Column("custody", Json, comment="agency, contract, from, to: who keeps it for the unit"),
        Column("declassified_on", Date),
        Column("technical_field", Text),
        Column("form", Text),
        Column("market_prospect", Text),
        Column("college", String(80)),
        Column("core_technology", Boolean, nullable=False, server_default="false"),
        Column("agency", String(100), comment="third-party agency that helps"),
        Column("remark", Text),
        Column("extra", Json, comment="further columns of an imported ledger"),
        Column("source", String(12), nullable=False),
        Column("import_id", Uuid),
        Column(
            "value_cents",
            BigInteger,
            Computed("coalesce((value * 100)::bigint, -1)", persisted=True),
        ),
        Column("obtained_key", Date, Computed("coalesce(obtained_on, date '0002-01-01')", persisted=True)),
    )


achievement = tenant_table(
    "achievement",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    *achievement_values(),
    Column("team_size", SmallInteger, nullable=False, server_default="0"),
    Column("held_from", Date, nullable=False, comment="the day from which the newest version holds"),
    Column("began_on", Date, nullable=False, comment="the day from which the first version holds"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("value >= 0 and value < 1e14", name="achievement_value_check"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    UniqueConstraint("tenant_id", "number", name="achievement_tenant_id_number_key"),
    Index("achievement_name_key", "tenant_id", "name_key", unique=True, postgresql_where=text("state <> 'revoked'")),
    Index("achievement_province_id_idx", "province_id"),
    Index("achievement_status_idx", "tenant_id", "status", "number"),
    Index("achievement_type_idx", "tenant_id", "type", "number"),
    Index("achievement_sort_key_idx", "tenant_id", "sort_key", "number"),
    Index("achievement_value_idx", "tenant_id", "value_cents", "number"),
    Index("achievement_obtained_idx", "tenant_id", "obtained_key", "number"),
    Index("achievement_import_idx", "tenant_id", "import_id", postgresql_where=text("import_id is not null")),
    Index("achievement_quarantined_idx", "tenant_id", "id", postgresql_where=text("state = 'quarantined'")),
)

achievement_version = tenant_table(
    "achievement_version",
    Column("id", Uuid, primary_key=True),
    Column("version", Uuid, primary_key=True),
    Column("held", DATERANGE, nullable=False),
    Column("recorded", TSTZRANGE, nullable=False),
    *achievement_values(),
    Column("team", Json, nullable=False, comment="[{person, role, share: [numerator, denominator] or null}] in order"),
    Column("team_size", SmallInteger, nullable=False, server_default="0"),
    Column("rights", Json, nullable=False, comment="[{number, raw, kind, category, status, dates}] in order"),
    Column("revision", Integer, nullable=False),
    Column("reason", Text),
    Column("actor_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "id"], _ACHIEVEMENT),
    ExcludeConstraint(
        ("tenant_id", "="), ("id", "="), ("held", "&&"), ("recorded", "&&"), name="achievement_version_excl"
    ),
    Index("achievement_version_known_idx", "tenant_id", "number", postgresql_where=text("upper_inf(recorded)")),
)

achievement_completer = tenant_table(
    "achievement_completer",
    Column("achievement_id", Uuid, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("role", String(20)),
    Column("share_numerator", BigInteger),
    Column("share_denominator", BigInteger),
    CheckConstraint(
        "(share_numerator is null) = (share_denominator is null) and (share_denominator is null or "
        "(share_denominator > 0 and share_numerator >= 0 and share_numerator <= share_denominator))",
        name="achievement_completer_share_check",
    ),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], _ACHIEVEMENT),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    UniqueConstraint("tenant_id", "person_id", "achievement_id", name="achievement_completer_tenant_id_person_id_key"),
)

achievement_right = tenant_table(
    "achievement_right",
    Column("achievement_id", Uuid, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("number", String(80), nullable=False, comment="canonical"),
    Column("raw", Text, comment="as the clerk wrote it"),
    Column("kind", String(40), nullable=False, comment="an achievement type"),
    Column("category", String(40)),
    Column("status", String(20), nullable=False, server_default="granted"),
    Column("applied_on", Date),
    Column("granted_on", Date),
    Column("expires_on", Date),
    Column("published_on", Date, comment="first published or used"),
    Column("created_on", Date, comment="finished"),
    Column("fee_year", SmallInteger, comment="the last patent year that is paid for"),
    Column("fee_due_on", Date, comment="when the fee of the next one is due, as counted"),
    Column("ended_on", Date, comment="when it lapsed or went to somebody else"),
    Column("live", Boolean, nullable=False, server_default="true", comment="false once its achievement is revoked"),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], _ACHIEVEMENT),
    Index("achievement_right_number_key", "tenant_id", "number", unique=True, postgresql_where=text("live")),
    Index("achievement_right_fee_idx", "tenant_id", "fee_due_on", postgresql_where=text("fee_due_on is not null")),
)


def conversion_values() -> tuple[Column[Any], ...]:
    """What the ledger records of one conversion; ``amount`` is in yuan, empty where none is stated."""
    return (
        Column("achievement_id", Uuid, nullable=False),
        Column("position", SmallInteger, nullable=False),
        Column("mode", String(24)),
        Column("counterparty", String(200)),
        Column("credit_code", String(18)),
        Column("contract_number", String(80)),
        Column("signed_on", Date),
        Column("amount", Numeric(20, 2)),
        Column("terms", Text, comment="terms of payment"),
        Column("remark", Text),
        Column("live", Boolean, nullable=False, server_default="true"),
    )


conversion_record = tenant_table(
    "conversion_record",
    Column("id", Uuid, primary_key=True),
    *conversion_values(),
    Column("revision", Integer, nullable=False, server_default="1"),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], _ACHIEVEMENT),
    CheckConstraint("amount >= 0 and amount < 1e14", name="conversion_record_amount_check"),
    Index("conversion_record_achievement_idx", "tenant_id", "achievement_id", "position"),
)

conversion_record_version = tenant_table(
    "conversion_record_version",
    Column("id", Uuid, primary_key=True),
    Column("version", Uuid, primary_key=True),
    Column("held", DATERANGE, nullable=False),
    Column("recorded", TSTZRANGE, nullable=False),
    *conversion_values(),
    Column("revision", Integer, nullable=False),
    Column("reason", Text),
    Column("actor_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "id"], ["app.conversion_record.tenant_id", "app.conversion_record.id"]),
    ExcludeConstraint(
        ("tenant_id", "="), ("id", "="), ("held", "&&"), ("recorded", "&&"), name="conversion_record_version_excl"
    ),
    Index("conversion_record_version_achievement_idx", "tenant_id", "achievement_id"),
)

ledger_counter = tenant_table(
    "ledger_counter",
    Column("province_id", Uuid, nullable=False),
    Column("last_number", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("ledger_counter_province_id_idx", "province_id"),
)

ledger_number = tenant_table(
    "ledger_number",
    Column("number", Integer, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True), comment="the number stays used, marked 撤销"),
    Column("reason", Text),
)

# Rebuilt from achievements at any time, so it needs no foreign key, which would cost a look-up per word on import. The
# date and the number stand in the key before the id, so that the rows with a word come in the list's order by date.
achievement_gram = tenant_table(
    "achievement_gram",
    Column("gram", String(4), primary_key=True, comment="two characters of the name; three initials behind a mark"),
    Column("obtained_key", Date, primary_key=True, comment="as the achievement has it"),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="as the achievement has it"),
    Column("achievement_id", Uuid, primary_key=True),
)


def total_values() -> tuple[Column[Any], ...]:
    """One cell of the totals: how many, how many with a value, and the sum of these in yuan."""
    return (
        Column("dimension", String(24), primary_key=True, comment="all, type, …, or a pair: type_status …"),
        Column("first", String(80), primary_key=True),
        Column("second", String(80), primary_key=True, server_default=""),
        Column("n", BigInteger, nullable=False),
        Column("n_valued", BigInteger, nullable=False),
        Column("sum", Numeric(24, 2), nullable=False),
    )


ledger_total = tenant_table(
    "ledger_total",
    *total_values(),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("ledger_total_province_id_idx", "province_id", "dimension"),
    Index("ledger_total_department_id_idx", "department_id"),
)

province_total = global_table(
    "province_total",
    Column("province_id", Uuid, primary_key=True),
    *total_values(),
    Column("institutions", Integer, nullable=False),
    Column("rolled_up_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

department_total = global_table(
    "department_total",
    Column("department_id", Uuid, primary_key=True),
    *total_values(),
    Column("province_id", Uuid, nullable=False),
    Column("institutions", Integer, nullable=False),
    Column("rolled_up_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["department_id", "province_id"], _OWNER),
    Index("department_total_province_id_idx", "province_id"),
)

export_job = tenant_table(
    "export_job",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("person_id", Uuid, comment="who asked"),
    Column("list", String(24), nullable=False, server_default="ledger", comment="which list it is of"),
    Column("state", String(12), nullable=False, server_default="queued"),
    Column("filters", Json, nullable=False),
    Column("as_of", Date),
    Column("rows_total", Integer),
    Column("rows_done", Integer, nullable=False, server_default="0"),
    Column("object_hash", String(64)),
    Column("file_name", String(120)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("finished_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    Index("export_job_person_idx", "tenant_id", "person_id", "created_at"),
    Index("export_job_province_id_idx", "province_id"),
)

AGENCY_TASK_STATES = {"open": "服务中", "delivered": "已交付", "accepted": "已采纳", "ended": "已终止"}

agency_task = tenant_table(
    "agency_task",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("recipient_id", Uuid, nullable=False, comment="the agency to which it is handed"),
    Column("achievement_id", Uuid, nullable=False),
    Column("service", String(40), nullable=False, comment="code of the pack"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("instruction", Text),
    Column("handed", Json, nullable=False, comment="what the agency sees of the achievement, label to text"),
    Column("asks", ARRAY(Text), nullable=False, comment="fields of the ledger that it may fill in"),
    Column("state", String(12), nullable=False, server_default="open"),
    Column("body", Text, comment="what it worked out"),
    Column("proposed", Json, comment="field to text, of those asked"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("handed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("handed_by", Uuid),
    Column("delivered_at", DateTime(timezone=True), comment="legal instant"),
    Column("ended_at", DateTime(timezone=True), comment="legal instant; from then on the agency sees it no more"),
    Column("reason", Text, comment="why it was given back or ended"),
    CheckConstraint("first_day <= last_day", name="agency_task_period_check"),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["recipient_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    Index("agency_task_achievement_idx", "tenant_id", "achievement_id"),
    Index("agency_task_recipient_id_idx", "recipient_id", "last_day", postgresql_where=text("ended_at is null")),
    Index("agency_task_province_id_idx", "province_id"),
    Index(
        "agency_task_once_key",
        "tenant_id",
        "achievement_id",
        "recipient_id",
        "service",
        unique=True,
        postgresql_where=text("ended_at is null"),
    ),
)
