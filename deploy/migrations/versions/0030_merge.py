"""A tenant's merger, end and quotas.

Revision ID: 0030
"""

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
