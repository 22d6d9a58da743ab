"""What sign-in and uploads keep besides.

Revision ID: 0032
"""

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
