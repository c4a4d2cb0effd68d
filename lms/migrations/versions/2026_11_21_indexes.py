"""Indexes for the pages that are asked for most."""

revision = "20261121_indexes"
down_revision = "20261121_signing_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
