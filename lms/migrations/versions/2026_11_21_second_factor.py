"""Second factors, recovery codes, shared workstations; what a role must have."""

revision = "20261121_second_factor"
down_revision = "20261121_roster"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
