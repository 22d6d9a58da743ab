"""Tables of imports: one row per uploaded ledger, its staged records, and how a heading was read last time."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import Json, tenant_table


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"
    MAPPING = "mapping"
    READING = "reading"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


STATES = {
    "uploaded": "等待核对",
    "mapping": "待指定表头",
    "reading": "正在核对",
    "checked": "已核对，待确认",
    "applying": "正在导入",
    "applied": "已导入",
    "undoing": "正在撤销",
    "failed": "未能导入",
    "cancelled": "已取消",
    "undone": "已撤销",
}
# A row that was answered after its import was made is ``ready`` until it is registered, in the same transaction.
DISPOSITIONS = {
    "valid": "可以导入",
    "question": "待人工确认",
    "refused": "退回",
    "ready": "已确认",
    "left_out": "不导入",
    "joined": "又一次转化",
}
# An import over and done without effect: the same file may be uploaded again.
OVER = ("failed", "cancelled", "undone")
_LIVE = f"state not in ({', '.join(repr(state) for state in OVER)})"

ledger_import = tenant_table(
    "ledger_import",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("state", String(12), nullable=False, server_default="uploaded"),
    Column("source", String(8), nullable=False, comment="page, api or command"),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the original, which is not kept"),
    Column("kept_hash", String(64), nullable=False, comment="of the values-only workbook in the object store"),
    Column("size", BigInteger, nullable=False, comment="of the original, bytes"),
    Column("note", Json, nullable=False, comment="positions that the kept workbook does not say itself"),
    Column("layout", Json, nullable=False, comment="sheets, headings and how each column was read"),
    Column("pack_version_id", Uuid, nullable=False, comment="by which it is read, from upload to confirmation"),
    Column("rows_total", Integer, nullable=False, comment="sheet rows to read"),
    Column("rows_done", Integer, nullable=False, server_default="0"),
    Column("records_done", Integer, nullable=False, server_default="0", comment="where the next chunk begins"),
    Column("valid", Integer, nullable=False, server_default="0"),
    Column("questions", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("summary", Json, comment="what the check page tells: groups of issues, sums, counts"),
    Column("as_of_proposed", Date, comment="as the file states it"),
    Column("as_of", Date, comment="as the clerk confirmed it"),
    Column("first_number", Integer),
    Column("last_number", Integer),
    Column("uploaded_by", Uuid),
    Column("uploaded_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("decided_by", Uuid, comment="who confirmed or cancelled"),
    Column("finished_at", DateTime(timezone=True), comment="legal instant"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("error", Text, comment="why it could not go on, for the clerk"),
    Column(
        "corrections", Json, comment="what a person said of columns and units: sheet to letter to field, sheet to unit"
    ),
    Column("left_out", Integer, nullable=False, server_default="0"),
    Column(
        "joined",
        Integer,
        nullable=False,
        server_default="0",
        comment="rows that are a further conversion of another row's achievement",
    ),
    Column("undo_note", Json, comment="why it could not be undone: rows with what happened to them"),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("ledger_import_live_key", "tenant_id", "sha256", unique=True, postgresql_where=text(_LIVE)),
    Index("ledger_import_created_idx", "tenant_id", "created_at"),
    Index("ledger_import_province_id_idx", "province_id"),
)

ledger_import_row = tenant_table(
    "ledger_import_row",
    Column("import_id", Uuid, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("sheet", Text, nullable=False),
    Column("first_row", Integer, nullable=False),
    Column("sheet_rows", ARRAY(Integer), comment="where the record has several"),
    Column("disposition", String(8), nullable=False),
    Column("achievement_id", Uuid, comment="which it becomes; empty for what cannot"),
    Column("name_key", Text),
    Column("numbers", ARRAY(Text), comment="canonical numbers of its rights"),
    Column("entry", Json, comment="as the ledger takes it; emptied once applied or cancelled"),
    Column("raw", Json, comment="the cells as they stood, of rows that are not imported; never of a classified one"),
    Column("issues", Json),
    Column("block_total", Boolean, nullable=False, server_default="false", comment="its rows share one merged amount"),
    Column("pending", Boolean, nullable=False, server_default="false", comment="answered, to be checked again"),
    Column("revision", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["tenant_id", "import_id"], ["app.ledger_import.tenant_id", "app.ledger_import.id"]),
    Index(
        "ledger_import_row_held_idx",
        "tenant_id",
        "import_id",
        "disposition",
        "ordinal",
        postgresql_where=text("disposition <> 'valid'"),
    ),
    Index("ledger_import_row_pending_idx", "tenant_id", "import_id", "ordinal", postgresql_where=text("pending")),
)

import_mapping = tenant_table(
    "import_mapping",
    Column("heading", String(64), primary_key=True, comment="SHA-256 of a sheet's column headings"),
    Column("fields", Json, nullable=False, comment="column letter to field, as last confirmed"),
    Column("import_id", Uuid, nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("corrections", Json, comment="what a person said otherwise than the reader: columns and unit"),
    ForeignKeyConstraint(["tenant_id", "import_id"], ["app.ledger_import.tenant_id", "app.ledger_import.id"]),
)

import_answer = tenant_table(
    "import_answer",
    Column("import_id", Uuid, primary_key=True),
    Column("sheet", Text, primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column(
        "subject",
        String(60),
        primary_key=True,
        comment="a field, unit, a code that was accepted as it is, or leave_out",
    ),
    Column("value", Text, nullable=False, comment="as the cell should read; the reason where the row is left out"),
    Column("actor_id", Uuid),
    Column("answered_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "import_id"], ["app.ledger_import.tenant_id", "app.ledger_import.id"]),
)
