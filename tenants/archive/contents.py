"""What of the database belongs in a tenant's archive: every tenant table is named here, in or out with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import String, Table, Text

from shared.db.tables import SCHEMA, metadata

OUT: Mapping[str, str] = {
    "idempotency_key": "of requests to this installation, kept for seven days",
    "push_target": "an address with a secret that this installation alone can read; set up anew",
    "push_delivery": "what this installation sent to its targets",
    "push_attempt": "what this installation sent to its targets",
    "pack_rehearsal": "tries out a pack that this installation's operator proposes",
    "list_proceeding": "of an authority, not of an institution",
    "list_opinion": "of an authority, not of an institution",
    "tenant_archive": "the archives themselves",
}
TABLES: tuple[str, ...] = (
    "account",
    "achievement",
    "achievement_completer",
    "achievement_gram",
    "achievement_origin",
    "achievement_right",
    "achievement_version",
    "agency_task",
    "annual_report",
    "asset_mark",
    "asset_report",
    "asset_report_plan",
    "audit_checkpoint",
    "audit_entry",
    "audit_head",
    "audit_seal",
    "conversion_payment",
    "conversion_payment_version",
    "conversion_record",
    "conversion_record_version",
    "decision",
    "delegation",
    "departure",
    "disclosure",
    "disclosure_completer",
    "disclosure_paper",
    "disclosure_return",
    "disclosure_statement",
    "empowerment_agreement",
    "empowerment_application",
    "empowerment_feasibility",
    "empowerment_formality",
    "empowerment_member",
    "empowerment_notice",
    "empowerment_screening",
    "erasure_order",
    "exit_item",
    "exit_sheet",
    "export_job",
    "import_answer",
    "import_mapping",
    "ledger_batch",
    "ledger_counter",
    "ledger_import",
    "ledger_import_row",
    "ledger_number",
    "ledger_paper",
    "ledger_total",
    "ledger_total_change",
    "ledger_view",
    "machine_client",
    "mail",
    "message",
    "message_read",
    "notice",
    "notice_check",
    "notice_objection",
    "notice_text",
    "outbox",
    "person",
    "person_claim",
    "pilot_membership",
    "report_aggregate",
    "report_figure",
    "report_freeze",
    "report_part",
    "report_return",
    "report_row",
    "report_stated",
    "report_submission",
    "right_handover",
    "role_grant",
    "screening_item",
    "screening_plan",
    "screening_round",
    "secrecy_count",
    "secrecy_setting",
    "supervision",
    "unit_document",
    "unit_setting",
    "workflow_event",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the archive that holds rows: ``folder/table.jsonl``.

    ``source`` is SQL that gives rows of the table, under the alias ``t``; ``:tenant`` and ``:province`` stand for whose they are.
    ``folder`` is ``data`` for what is the tenant's own, ``references`` for what its rows refer to.
    """

    table: Table
    source: str
    folder: str = "data"

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.table.name}.jsonl"

    @property
    def computed(self) -> list[str]:
        """Columns that the database computes itself."""
        return [column.name for column in self.table.columns if column.computed is not None]

    @property
    def query(self) -> str:
        """One JSON text a row, in the order of the primary key, byte for byte the same in every database."""
        taken_out = "".join(f" - '{name}'" for name in self.computed)
        return f"select (to_jsonb(t){taken_out})::text as line from {self.source} order by {self._order()}"

    def _order(self) -> str:
        return ", ".join(
            f't."{column.name}" collate "C"' if isinstance(column.type, (String, Text)) else f't."{column.name}"'
            for column in self.table.primary_key.columns
        )


def _table(name: str) -> Table:
    return metadata.tables[f"{SCHEMA}.{name}"]


def _own(name: str) -> Part:
    waiting = " and t.delivered_at is not null" if name == "outbox" else ""
    return Part(_table(name), f"{SCHEMA}.{name} t where t.tenant_id = :tenant{waiting}")


def parts() -> list[Part]:
    """Every member with rows, so ordered that a row stands after what it refers to."""
    chosen = {name: _own(name) for name in TABLES}
    placed = [chosen[table.name] for table in metadata.sorted_tables if table.name in chosen]
    return [*references(), *_registered(), *placed, Part(_table("person_standing"), "app.own_standings() t")]


def _registered() -> Iterator[Part]:
    """What the registry holds of the tenant itself."""
    yield Part(_table("organisation"), "app.organisation t where t.id = :tenant")
    yield Part(_table("former_name"), "app.former_name t where t.organisation_id = :tenant")
    yield Part(_table("tenant_directory"), "app.own_directory() t where t.id = :tenant")


def references() -> list[Part]:
    """What the rows refer to and is not the tenant's: the province, its authorities, packs and published lists."""
    packs = _named("pack_version_id")
    lists = _named("list_version_id")
    authorities = _named("department_id", "recipient_id", "actor_organisation_id")
    inside = f"t.province_id = :province and t.id in ({authorities}) and t.kind not in ('institution', 'training')"
    of_lists = f"app.list_wording w where w.version_id in ({lists})"
    return [
        Part(_table("province"), "app.province t where t.province_id = :province", "references"),
        Part(_table("organisation"), f"app.organisation t where {inside}", "references"),
        Part(_table("tenant_directory"), f"app.own_directory() t where {inside}", "references"),
        Part(_table("pack_version"), f"app.pack_version t where t.id in ({packs})", "references"),
        Part(_table("list_version"), f"app.list_version t where t.id in ({lists})", "references"),
        Part(_table("list_item"), f"app.list_item t where t.id in (select w.item_id from {of_lists})", "references"),
        Part(_table("list_wording"), f"app.list_wording t where t.version_id in ({lists})", "references"),
    ]


def _named(*columns: str) -> str:
    """SQL for every id that the tenant's rows hold in columns of these names."""
    found = [
        f"select {column} from {SCHEMA}.{name} where tenant_id = :tenant"
        for name in TABLES
        for column in columns
        if column in _table(name).columns
    ]
    return " union ".join(found)


def key_ids() -> str:
    """SQL for the ids of the keys that signed something that stands in the tenant's rows."""
    return _named("key_id")
