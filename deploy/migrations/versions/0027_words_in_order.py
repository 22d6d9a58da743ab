"""Search words stand in the order of the list by date.

Revision ID: 0027
"""

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
