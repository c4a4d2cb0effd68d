"""A cycle of an assignment is a row; reminders."""

import sqlalchemy as sa
from alembic import op
import lms.db

revision = "20261121_cycles"
down_revision = "20261121_second_factor"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what reminders need."""
    _add_reminders()


def downgrade() -> None:
    """Drop what reminders need."""
    _drop_reminders()


def _add_reminders() -> None:
    op.add_column('messages', sa.Column('withdrawn_at', lms.db.UTCDateTime(), nullable=True))
    op.add_column(
        'assignments',
        sa.Column('sends_reminders', sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.create_table(
        'reminder_rounds',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('assignment_id', sa.Integer(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('step', sa.Integer(), nullable=False),
        sa.Column('done_at', lms.db.UTCDateTime(), nullable=False),
        sa.Column('mails', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['assignment_id'], ['assignments.id'], name=op.f('fk_reminder_rounds_assignment_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder_rounds')),
        sa.UniqueConstraint(
            'assignment_id', 'due_on', 'step', name=op.f('uq_reminder_rounds_assignment_id_due_on_step')
        ),
        info={'personal': None},
    )


def _drop_reminders() -> None:
    op.drop_table('reminder_rounds')
    op.drop_column('assignments', 'sends_reminders')
    op.drop_column('messages', 'withdrawn_at')
