"""A cycle of an assignment is a row; reminders."""

revision = "20261121_cycles"
down_revision = "20261121_second_factor"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
