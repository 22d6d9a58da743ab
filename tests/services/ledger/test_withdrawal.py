"""Undoing an import looks at every table that may name what it registered, by the foreign keys of the schema."""

import services.models
from services.ledger.models import achievement
from services.ledger.withdrawal import OWN, referring

TABLES = services.models.metadata.tables.values()


def _names(table: object, targets: set[str]) -> bool:
    return any(key.referred_table.name in targets for key in table.foreign_key_constraints)  # type: ignore[attr-defined]


def test_what_registering_writes_itself_is_read_from_its_own_statements() -> None:
    assert {"achievement", "achievement_version", "achievement_right", "conversion_record_version"} <= OWN
    assert not OWN & {"disclosure", "notice", "ledger_paper", "empowerment_application"}


def test_every_other_table_that_names_an_achievement_is_looked_at() -> None:
    looked_at = {table.name for table, _ in referring()}
    assert {"disclosure", "notice", "ledger_paper", "report_row", "empowerment_application"} <= looked_at
    assert {table.name for table in TABLES if _names(table, {achievement.name})} - OWN == looked_at


def test_no_table_names_an_achievement_without_a_foreign_key() -> None:
    """An id without its key would be passed over; so would a table that names a part of an achievement only."""
    looked_at = {table.name for table, _ in referring()}
    named = {table.name for table in TABLES if "achievement_id" in table.c}
    parts = {name for name in OWN if name.startswith(("achievement", "conversion_record"))} - {achievement.name}
    # an import's own rows say what became of them; a version of a payment is no more than the payment, which is looked at
    assert named - OWN - looked_at == {"ledger_import_row", "conversion_payment_version"}
    assert {table.name for table in TABLES if _names(table, parts)} - OWN - looked_at == set()
