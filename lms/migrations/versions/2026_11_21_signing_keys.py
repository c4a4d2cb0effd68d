"""Servers that share no disk share what they sign with."""

revision = "20261121_signing_keys"
down_revision = "20261121_cycles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
