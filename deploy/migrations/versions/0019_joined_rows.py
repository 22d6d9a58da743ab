"""Imports: rows that are a further conversion of the achievement above them.

Revision ID: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMN = """
ALTER TABLE app.ledger_import ADD COLUMN joined INTEGER DEFAULT '0' NOT NULL;
comment on column app.ledger_import.joined is 'rows that are a further conversion of another row''s achievement';
"""


def upgrade() -> None:
    op.execute(COLUMN)
