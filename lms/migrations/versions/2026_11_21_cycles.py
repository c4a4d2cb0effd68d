"""A cycle of an assignment is a row; assignments to chosen people; indexes for the figures."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

import lms.db

revision = "20261121_cycles"
down_revision = "20261121_second_factor"
branch_labels = None
depends_on = None

GUARDS_SQLITE = [
    "CREATE TRIGGER keep_assignment_cycles_update BEFORE UPDATE ON assignment_cycles FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: assignment_cycles refuses update'); END",
    "CREATE TRIGGER keep_assignment_cycles_delete BEFORE DELETE ON assignment_cycles FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: assignment_cycles refuses delete'); END",
    "CREATE TRIGGER keep_assignment_members_delete BEFORE DELETE ON assignment_members FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: assignment_members refuses delete'); END",
]
GUARDS_POSTGRESQL = [
    "CREATE FUNCTION keep_assignment_cycles_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignment_cycles refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_assignment_cycles_update BEFORE UPDATE ON assignment_cycles FOR EACH ROW EXECUTE FUNCTION keep_assignment_cycles_update()',
    "CREATE FUNCTION keep_assignment_cycles_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignment_cycles refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_assignment_cycles_delete BEFORE DELETE ON assignment_cycles FOR EACH ROW EXECUTE FUNCTION keep_assignment_cycles_delete()',
    "CREATE FUNCTION keep_assignment_cycles_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignment_cycles refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_assignment_cycles_delete_all BEFORE TRUNCATE ON assignment_cycles FOR EACH STATEMENT EXECUTE FUNCTION keep_assignment_cycles_delete_all()',
    "CREATE FUNCTION keep_assignment_members_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignment_members refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_assignment_members_delete BEFORE DELETE ON assignment_members FOR EACH ROW EXECUTE FUNCTION keep_assignment_members_delete()',
    "CREATE FUNCTION keep_assignment_members_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignment_members refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_assignment_members_delete_all BEFORE TRUNCATE ON assignment_members FOR EACH STATEMENT EXECUTE FUNCTION keep_assignment_members_delete_all()',
]

ASSIGNMENTS = sa.table(
    "assignments",
    sa.column("id", sa.Integer),
    sa.column("due_on", sa.Date),
    sa.column("accept_days", sa.Integer),
    sa.column("created_at", lms.db.UTCDateTime),
)
CYCLES = sa.table(
    "assignment_cycles",
    sa.column("assignment_id", sa.Integer),
    sa.column("number", sa.Integer),
    sa.column("due_on", sa.Date),
    sa.column("counts_from", lms.db.UTCDateTime),
    sa.column("opened_at", lms.db.UTCDateTime),
)
OPEN = sa.text("ended_at IS NULL")
FOR_ALL = sa.text("ended_at IS NULL AND cycle_id IS NULL")
FOR_ONE = sa.text("ended_at IS NULL AND cycle_id IS NOT NULL")
# A department's figures and lists are read from these.
INDEXES = (
    ("ix_enrolments_course_id_person_id_cycle", "enrolments", ["course_id", "person_id", "cycle"]),
    ("ix_completions_enrolment_id_completed_at", "completions", ["enrolment_id", "completed_at"]),
    ("ix_people_department_id_deactivated_at", "people", ["department_id", "deactivated_at"]),
    ("ix_people_name_id", "people", ["name", "id"]),
)


def upgrade() -> None:
    """Give every assignment its first cycle, and take the due day out of the assignment."""
    _add_reminders()
    op.create_table(
        "assignment_cycles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("counts_from", lms.db.UTCDateTime(), nullable=False),
        sa.Column("opened_at", lms.db.UTCDateTime(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_assignment_cycles_counts_from_one")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_assignment_cycles_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_cycles")),
        sa.UniqueConstraint("assignment_id", "number", name=op.f("uq_assignment_cycles_assignment_id_number")),
    )
    op.create_table(
        "assignment_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("added_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("added_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["added_by_id"], ["people.id"], name=op.f("fk_assignment_members_added_by_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_assignment_members_assignment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_assignment_members_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_members")),
    )
    op.create_index("ix_assignment_members_assignment_id", "assignment_members", ["assignment_id"])
    op.create_index("ix_assignment_members_person_id", "assignment_members", ["person_id"])
    op.create_index(
        "uq_assignment_members_open", "assignment_members", ["assignment_id", "person_id"],
        unique=True, sqlite_where=OPEN, postgresql_where=OPEN,
    )
    _first_cycles()
    op.drop_column("assignments", "due_on")
    op.add_column(
        "assignments",
        sa.Column("is_selective", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # Alembic adds no foreign key to a table of SQLite; the database does.
    op.execute(
        "ALTER TABLE exemptions ADD COLUMN cycle_id INTEGER"
        " CONSTRAINT fk_exemptions_cycle_id REFERENCES assignment_cycles (id)"
    )
    op.drop_index("uq_exemptions_open", "exemptions")
    op.create_index(
        "uq_exemptions_open", "exemptions", ["assignment_id", "person_id"],
        unique=True, sqlite_where=FOR_ALL, postgresql_where=FOR_ALL,
    )
    op.create_index(
        "uq_exemptions_open_in_cycle", "exemptions", ["cycle_id", "person_id"],
        unique=True, sqlite_where=FOR_ONE, postgresql_where=FOR_ONE,
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    dialect = op.get_bind().dialect.name
    for guard in GUARDS_SQLITE if dialect == "sqlite" else GUARDS_POSTGRESQL:
        op.execute(sa.text(guard.replace(":", "\\:")))


def _first_cycles() -> None:
    """Open cycle 1 of what was assigned, as it was asked."""
    connection = op.get_bind()
    rows = [
        {
            "assignment_id": one.id,
            "number": 1,
            "due_on": one.due_on,
            "counts_from": one.created_at - timedelta(days=one.accept_days),
            "opened_at": one.created_at,
        }
        for one in connection.execute(sa.select(ASSIGNMENTS))
    ]
    if rows:
        connection.execute(CYCLES.insert(), rows)


def downgrade() -> None:
    """Put the newest due day back into the assignment; exemptions of one cycle end with it."""
    _drop_reminders()
    for name, table, _columns in INDEXES:
        op.drop_index(name, table)
    op.add_column(
        "assignments",
        sa.Column("due_on", sa.Date(), nullable=False, server_default="1970-01-01"),
    )
    connection = op.get_bind()
    newest = (
        sa.select(CYCLES.c.due_on)
        .where(CYCLES.c.assignment_id == ASSIGNMENTS.c.id)
        .order_by(CYCLES.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    connection.execute(ASSIGNMENTS.update().values(due_on=sa.func.coalesce(newest, ASSIGNMENTS.c.due_on)))
    op.drop_index("uq_exemptions_open_in_cycle", "exemptions")
    op.drop_index("uq_exemptions_open", "exemptions")
    op.execute("UPDATE exemptions SET ended_at = granted_at WHERE cycle_id IS NOT NULL AND ended_at IS NULL")
    op.drop_column("exemptions", "cycle_id")
    op.create_index(
        "uq_exemptions_open", "exemptions", ["assignment_id", "person_id"],
        unique=True, sqlite_where=OPEN, postgresql_where=OPEN,
    )
    op.drop_column("assignments", "is_selective")
    op.drop_table("assignment_members")
    op.drop_table("assignment_cycles")
    if connection.dialect.name == "postgresql":
        for guard in GUARDS_POSTGRESQL:
            if guard.startswith("CREATE FUNCTION"):
                name = guard.split()[2].split("(")[0]
                op.execute(sa.text(f"DROP FUNCTION {name}()"))


def _add_reminders() -> None:
    op.add_column("messages", sa.Column("withdrawn_at", lms.db.UTCDateTime(), nullable=True))
    op.add_column(
        "assignments",
        sa.Column("sends_reminders", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.create_table(
        "reminder_rounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("done_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_reminder_rounds_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rounds")),
        sa.UniqueConstraint("assignment_id", "due_on", "step", name=op.f("uq_reminder_rounds_assignment_id_due_on_step")),
    )


def _drop_reminders() -> None:
    op.drop_table("reminder_rounds")
    op.drop_column("assignments", "sends_reminders")
    op.drop_column("messages", "withdrawn_at")
