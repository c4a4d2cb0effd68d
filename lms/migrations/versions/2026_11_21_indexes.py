"""Indexes for the pages that are asked for most."""

from alembic import op

revision = "20261121_indexes"
down_revision = "20261121_signing_keys"
branch_labels = None
depends_on = None

# The audit trail is narrowed by one of these and read from its newest end.
TRAIL = ("actor_id", "action", "thing")


def upgrade() -> None:
    for column in TRAIL:
        op.create_index(f"ix_audit_entries_{column}_at", "audit_entries", [column, "at"])


def downgrade() -> None:
    for column in TRAIL:
        op.drop_index(f"ix_audit_entries_{column}_at", "audit_entries")
