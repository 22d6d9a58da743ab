"""What a search has found is put in order without reading the rows.

Revision ID: 0022
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index achievement_found_idx on app.achievement (tenant_id, id) "
        "include (state, number, sort_key, value_cents, obtained_key)"
    )
