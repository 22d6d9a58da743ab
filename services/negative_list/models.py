"""Negative lists: versions, items with permanent codes, the wording of each version, consultations and proceedings.

Versions, items, wordings and consultations are global tables of a province, written by its science department. A draft's items
stand in its own row; publication makes items and wordings of them, which are never changed (an item only gets its end).
Opinions and proceedings are rows of that department's own tenant.
"""

from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from shared.db.tables import Json, global_table, tenant_table


class ListState(StrEnum):
    """How far a version has come; whether a published one is in force follows from its dates alone."""

    DRAFT = "draft"
    CONSULTING = "consulting"
    CONSULTED = "consulted"
    DETERMINED = "determined"
    PUBLISHED = "published"


class Mark(StrEnum):
    """What a version does to an item, compared with the version before it."""

    KEPT = "kept"
    NEW = "new"
    REVISED = "revised"
    ENDED = "ended"


STATES: dict[str, str] = {
    ListState.DRAFT: "草案",
    ListState.CONSULTING: "征求意见中",
    ListState.CONSULTED: "征求意见结束",
    ListState.DETERMINED: "已确定",
    ListState.PUBLISHED: "已发布",
}
MARKS: dict[str, str] = {Mark.KEPT: "", Mark.NEW: "新增", Mark.REVISED: "修订", Mark.ENDED: "终止"}
PROCEEDINGS = {"review": "专家审核与评估", "determination": "共同确定"}
CHANNELS = {"online": "网上", "letter": "来信", "visit": "来访", "meeting": "座谈会"}
ADOPTED = {"adopted": "采纳", "partly": "部分采纳", "not": "未采纳"}

list_version = global_table(
    "list_version",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False, comment="in public addresses"),
    Column("rule", String(60), nullable=False, comment="the pack's entry under negative_lists"),
    Column("owner", String(12), nullable=False, comment="province; lists of a unit are another table"),
    Column("purpose", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", String(120), nullable=False),
    Column("state", String(12), nullable=False),
    Column("basis", Json, nullable=False, comment="citation: document, article, quote, pack and its version"),
    Column("draft", Json, nullable=False, comment="prefix of new codes, and items: code, category, title, note, mark"),
    Column("drafted_at", DateTime(timezone=True), nullable=False),
    Column("decided_on", Date),
    Column("published_at", DateTime(timezone=True)),
    Column("effective_on", Date),
    Column("ended_on", Date, comment="the first day on which it is no longer in force"),
    Column("content", Text, comment="the canonical JSON of the published version, as it is downloaded"),
    Column("hash", String(64), comment="SHA-256 of the content"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("province_id", "kind", "number", name="list_version_province_id_kind_number_key"),
    UniqueConstraint("id", "province_id", name="list_version_id_province_id_key"),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
    CheckConstraint(
        "(state = 'published') = (published_at is not null) and (published_at is null or "
        "(decided_on is not null and effective_on is not null and content is not null and hash is not null))",
        name="list_version_published_check",
    ),
    Index("list_version_published_at_idx", "published_at"),
    Index("list_version_open_key", "province_id", "kind", unique=True, postgresql_where=text("published_at is null")),
)

list_item = global_table(
    "list_item",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("code", String(40), nullable=False, comment="permanent, in public addresses"),
    Column("category", String(60), nullable=False, comment="the pack's screening category"),
    Column("decided_on", Date, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("ended_on", Date, comment="the first day on which it is no longer listed"),
    UniqueConstraint("province_id", "code", name="list_item_province_id_code_key"),
    UniqueConstraint("id", "province_id", name="list_item_id_province_id_key"),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
    Index("list_item_published_at_idx", "published_at"),
)

list_wording = global_table(
    "list_wording",
    Column("version_id", Uuid, primary_key=True),
    Column("item_id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("mark", String(12), nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["version_id", "province_id"], ["app.list_version.id", "app.list_version.province_id"]),
    ForeignKeyConstraint(["item_id", "province_id"], ["app.list_item.id", "app.list_item.province_id"]),
    Index("list_wording_province_id_idx", "province_id"),
    Index("list_wording_item_id_idx", "item_id"),
    Index("list_wording_published_at_idx", "published_at"),
)

list_consultation = global_table(
    "list_consultation",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("days", Integer, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("received", Integer, comment="opinions, counted at the close"),
    Column("answered", Integer),
    Column("draft", Json, nullable=False, comment="title and items as they were put to the public"),
    Column("hash", String(64), nullable=False, comment="SHA-256 of the draft"),
    UniqueConstraint("id", "province_id", name="list_consultation_id_province_id_key"),
    ForeignKeyConstraint(["version_id", "province_id"], ["app.list_version.id", "app.list_version.province_id"]),
    Index("list_consultation_province_id_idx", "province_id", "kind"),
    Index("list_consultation_published_at_idx", "published_at"),
)

list_proceeding = tenant_table(
    "list_proceeding",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("version_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False, comment="review or determination"),
    Column("held_on", Date, nullable=False),
    Column("participants", Text, nullable=False, comment="units and numbers of experts, no names of persons"),
    Column("opinion", Text, nullable=False),
    Column("considerations", Json, comment="what the pack asks to weigh, and what was said of it"),
    Column("document", String(200), nullable=False, comment="name or number of the minutes"),
    Column("actor_id", Uuid),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["version_id", "province_id"], ["app.list_version.id", "app.list_version.province_id"]),
    Index("list_proceeding_province_id_idx", "province_id"),
    Index("list_proceeding_version_idx", "tenant_id", "version_id"),
)

list_opinion = tenant_table(
    "list_opinion",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("consultation_id", Uuid, nullable=False),
    Column("receipt", String(24), nullable=False, comment="what the sender keeps"),
    Column("channel", String(12), nullable=False),
    Column("item_code", String(40)),
    Column("body", Text, nullable=False, comment="as sent: text, never markup"),
    Column("received_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("answer", Text),
    Column("adopted", String(12), comment="adopted, partly or not"),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Uuid),
    UniqueConstraint("tenant_id", "receipt", name="list_opinion_tenant_id_receipt_key"),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(
        ["consultation_id", "province_id"], ["app.list_consultation.id", "app.list_consultation.province_id"]
    ),
    CheckConstraint("(answer is null) = (answered_at is null)", name="list_opinion_answered_check"),
    Index("list_opinion_province_id_idx", "province_id"),
    Index("list_opinion_unanswered_idx", "tenant_id", "consultation_id", postgresql_where=text("answered_at is null")),
)
