"""People found by staff number or another address; rosters read in two steps."""

revision = "20261121_roster"
down_revision = "20261121_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
