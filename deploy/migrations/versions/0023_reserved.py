"""Changes nothing yet.

Revision ID: 0023
"""

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
