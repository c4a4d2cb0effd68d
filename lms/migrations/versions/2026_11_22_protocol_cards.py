"""Local protocol cards: whom to call in a department, and where reports go, version by version."""

import sqlalchemy as sa
from alembic import op

import lms.db

revision = "20261122_protocol_cards"
down_revision = "20261121_indexes"
branch_labels = None
depends_on = None


GUARDS_SQLITE = [
    "CREATE TRIGGER keep_protocol_cards_update BEFORE UPDATE ON protocol_cards FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: protocol_cards refuses update'); END",
    "CREATE TRIGGER keep_protocol_cards_delete BEFORE DELETE ON protocol_cards FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: protocol_cards refuses delete'); END",
]
GUARDS_POSTGRESQL = [
    "CREATE FUNCTION keep_protocol_cards_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: protocol_cards refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_protocol_cards_update BEFORE UPDATE ON protocol_cards FOR EACH ROW EXECUTE FUNCTION keep_protocol_cards_update()',
    "CREATE FUNCTION keep_protocol_cards_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: protocol_cards refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_protocol_cards_delete BEFORE DELETE ON protocol_cards FOR EACH ROW EXECUTE FUNCTION keep_protocol_cards_delete()',
    "CREATE FUNCTION keep_protocol_cards_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: protocol_cards refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_protocol_cards_delete_all BEFORE TRUNCATE ON protocol_cards FOR EACH STATEMENT EXECUTE FUNCTION keep_protocol_cards_delete_all()',
]


def upgrade() -> None:
    """Add the cards of departments."""
    op.create_table(
        "protocol_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("social_work", sa.String(length=80), nullable=False),
        sa.Column("security", sa.String(length=80), nullable=False),
        sa.Column("clinical_lead", sa.String(length=120), nullable=False),
        sa.Column("clinical_lead_number", sa.String(length=80), nullable=False),
        sa.Column("interpreter", sa.String(length=80), nullable=False),
        sa.Column("hotline", sa.String(length=80), nullable=False),
        sa.Column("report_state", sa.String(length=2), nullable=False),
        sa.Column("report_to", sa.String(length=200), nullable=False),
        sa.Column("report_number", sa.String(length=80), nullable=False),
        sa.Column("report_form", sa.String(length=200), nullable=False),
        sa.Column("local_services", sa.String(length=1000), nullable=False),
        sa.Column("note", sa.String(length=600), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("review_by", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_protocol_cards_department_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["people.id"], name=op.f("fk_protocol_cards_made_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_cards")),
        sa.UniqueConstraint(
            "department_id", "number", name=op.f("uq_protocol_cards_department_id_number")
        ),
    )
    dialect = op.get_bind().dialect.name
    for guard in GUARDS_SQLITE if dialect == "sqlite" else GUARDS_POSTGRESQL:
        op.execute(sa.text(guard.replace(":", "\\:")))


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("protocol_cards")
    if op.get_bind().dialect.name == "postgresql":
        for guard in GUARDS_POSTGRESQL:
            if guard.startswith("CREATE FUNCTION"):
                op.execute(sa.text(f"DROP FUNCTION {guard.split()[2].split('(')[0]}()"))
