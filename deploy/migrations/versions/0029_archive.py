"""A tenant's archive and its suspension.

Revision ID: 0029
"""

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
