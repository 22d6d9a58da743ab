"""With which roles an account last signed in: whom a message to all who hold a permission reaches by mail.

Revision ID: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table app.account add column roles JSONB")
    op.execute("comment on column app.account.roles is 'codes, as of the last sign-in'")
