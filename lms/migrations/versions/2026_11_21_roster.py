"""People found by staff number or another address; rosters read in two steps."""

import sqlalchemy as sa
from alembic import op

import lms.db

revision = "20261121_roster"
down_revision = "20261121_first"
branch_labels = None
depends_on = None


GUARDS_SQLITE = [
    "CREATE TRIGGER keep_people_update BEFORE UPDATE ON people FOR EACH ROW WHEN EXISTS (SELECT 1 FROM person_addresses WHERE person_addresses.key = NEW.email_key AND person_addresses.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'records are kept: people refuses update'); END",
    "CREATE TRIGGER keep_people_insert BEFORE INSERT ON people FOR EACH ROW WHEN EXISTS (SELECT 1 FROM person_addresses WHERE person_addresses.key = NEW.email_key AND person_addresses.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'records are kept: people refuses insert'); END",
    "CREATE TRIGGER keep_person_addresses_update BEFORE UPDATE ON person_addresses FOR EACH ROW WHEN OLD.ended_at IS NOT NULL OR NEW.key <> OLD.key OR NEW.person_id <> OLD.person_id BEGIN SELECT RAISE(ABORT, 'records are kept: person_addresses refuses update'); END",
    "CREATE TRIGGER keep_person_addresses_delete BEFORE DELETE ON person_addresses FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: person_addresses refuses delete'); END",
    "CREATE TRIGGER keep_person_addresses_insert BEFORE INSERT ON person_addresses FOR EACH ROW WHEN EXISTS (SELECT 1 FROM people WHERE people.email_key = NEW.key) BEGIN SELECT RAISE(ABORT, 'records are kept: person_addresses refuses insert'); END",
    "CREATE TRIGGER keep_roster_uploads_update BEFORE UPDATE ON roster_uploads FOR EACH ROW WHEN OLD.state <> 'pending' BEGIN SELECT RAISE(ABORT, 'records are kept: roster_uploads refuses update'); END",
    "CREATE TRIGGER keep_roster_uploads_delete BEFORE DELETE ON roster_uploads FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: roster_uploads refuses delete'); END",
]
GUARDS_POSTGRESQL = [
    "CREATE FUNCTION keep_people_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM person_addresses WHERE person_addresses.key = NEW.email_key AND person_addresses.ended_at IS NULL) THEN RAISE EXCEPTION 'records are kept: people refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_people_update BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION keep_people_update()',
    "CREATE FUNCTION keep_people_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM person_addresses WHERE person_addresses.key = NEW.email_key AND person_addresses.ended_at IS NULL) THEN RAISE EXCEPTION 'records are kept: people refuses insert' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_people_insert BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION keep_people_insert()',
    "CREATE FUNCTION keep_person_addresses_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.ended_at IS NOT NULL OR NEW.key <> OLD.key OR NEW.person_id <> OLD.person_id THEN RAISE EXCEPTION 'records are kept: person_addresses refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_person_addresses_update BEFORE UPDATE ON person_addresses FOR EACH ROW EXECUTE FUNCTION keep_person_addresses_update()',
    "CREATE FUNCTION keep_person_addresses_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: person_addresses refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_person_addresses_delete BEFORE DELETE ON person_addresses FOR EACH ROW EXECUTE FUNCTION keep_person_addresses_delete()',
    "CREATE FUNCTION keep_person_addresses_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: person_addresses refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_person_addresses_delete_all BEFORE TRUNCATE ON person_addresses FOR EACH STATEMENT EXECUTE FUNCTION keep_person_addresses_delete_all()',
    "CREATE FUNCTION keep_person_addresses_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE people.email_key = NEW.key) THEN RAISE EXCEPTION 'records are kept: person_addresses refuses insert' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_person_addresses_insert BEFORE INSERT ON person_addresses FOR EACH ROW EXECUTE FUNCTION keep_person_addresses_insert()',
    "CREATE FUNCTION keep_roster_uploads_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'pending' THEN RAISE EXCEPTION 'records are kept: roster_uploads refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_roster_uploads_update BEFORE UPDATE ON roster_uploads FOR EACH ROW EXECUTE FUNCTION keep_roster_uploads_update()',
    "CREATE FUNCTION keep_roster_uploads_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: roster_uploads refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_roster_uploads_delete BEFORE DELETE ON roster_uploads FOR EACH ROW EXECUTE FUNCTION keep_roster_uploads_delete()',
    "CREATE FUNCTION keep_roster_uploads_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: roster_uploads refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_roster_uploads_delete_all BEFORE TRUNCATE ON roster_uploads FOR EACH STATEMENT EXECUTE FUNCTION keep_roster_uploads_delete_all()',
]


def upgrade() -> None:
    """Add what rosters say of people, further addresses, and the rosters themselves."""
    op.add_column("people", sa.Column("staff_number", sa.String(length=40), nullable=True))
    op.add_column("people", sa.Column("npi", sa.String(length=10), nullable=True))
    op.add_column("people", sa.Column("started_on", sa.Date(), nullable=True))
    op.create_index("uq_people_staff_number", "people", ["staff_number"], unique=True)
    op.create_index("uq_people_npi", "people", ["npi"], unique=True)
    op.create_table(
        "person_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.Column("added_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("ended_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_addresses_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_addresses")),
    )
    op.create_index(op.f("ix_person_addresses_person_id"), "person_addresses", ["person_id"])
    op.create_index(
        "uq_person_addresses_open", "person_addresses", ["key"], unique=True,
        sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "roster_uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Enum("pending", "applied", "abandoned", name="uploadstate", native_enum=False, create_constraint=True, length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("applied_at", lms.db.UTCDateTime(), nullable=True),
        sa.Column("applied_by_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["applied_by_id"], ["people.id"], name=op.f("fk_roster_uploads_applied_by_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["people.id"], name=op.f("fk_roster_uploads_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_uploads")),
    )
    op.create_index(op.f("ix_roster_uploads_uploaded_by_id"), "roster_uploads", ["uploaded_by_id"])
    dialect = op.get_bind().dialect.name
    for guard in GUARDS_SQLITE if dialect == "sqlite" else GUARDS_POSTGRESQL:
        op.execute(sa.text(guard.replace(":", "\\:")))


def downgrade() -> None:
    """Take it away again."""
    if op.get_bind().dialect.name == "postgresql":
        for verb in ("update", "insert"):
            op.execute(sa.text(f"DROP TRIGGER keep_people_{verb} ON people"))
    else:
        for verb in ("update", "insert"):
            op.execute(sa.text(f"DROP TRIGGER keep_people_{verb}"))
    op.drop_table("roster_uploads")
    op.drop_table("person_addresses")
    op.drop_index("uq_people_npi", table_name="people")
    op.drop_index("uq_people_staff_number", table_name="people")
    op.drop_column("people", "started_on")
    op.drop_column("people", "npi")
    op.drop_column("people", "staff_number")
    if op.get_bind().dialect.name == "postgresql":
        for guard in GUARDS_POSTGRESQL:
            if guard.startswith("CREATE FUNCTION"):
                op.execute(sa.text(f"DROP FUNCTION {guard.split()[2].split('(')[0]}()"))
