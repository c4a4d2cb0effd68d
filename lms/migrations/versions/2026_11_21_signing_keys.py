"""Servers that share no disk share what they sign with."""

import sqlalchemy as sa
from alembic import op

import lms.db

revision = "20261121_signing_keys"
down_revision = "20261121_cycles"
branch_labels = None
depends_on = None

GUARDS_SQLITE = [
    "CREATE TRIGGER keep_signing_certificates_update BEFORE UPDATE ON signing_certificates FOR EACH ROW WHEN OLD.fingerprint <> NEW.fingerprint OR OLD.chain <> NEW.chain BEGIN SELECT RAISE(ABORT, 'records are kept: signing_certificates refuses update'); END",
    "CREATE TRIGGER keep_signing_certificates_delete BEFORE DELETE ON signing_certificates FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: signing_certificates refuses delete'); END",
]
GUARDS_POSTGRESQL = [
    "CREATE FUNCTION keep_signing_certificates_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.fingerprint <> NEW.fingerprint OR OLD.chain <> NEW.chain THEN RAISE EXCEPTION 'records are kept: signing_certificates refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER keep_signing_certificates_update BEFORE UPDATE ON signing_certificates FOR EACH ROW EXECUTE FUNCTION keep_signing_certificates_update()",
    "CREATE FUNCTION keep_signing_certificates_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: signing_certificates refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    "CREATE TRIGGER keep_signing_certificates_delete BEFORE DELETE ON signing_certificates FOR EACH ROW EXECUTE FUNCTION keep_signing_certificates_delete()",
    "CREATE FUNCTION keep_signing_certificates_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: signing_certificates refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER keep_signing_certificates_delete_all BEFORE TRUNCATE ON signing_certificates FOR EACH STATEMENT EXECUTE FUNCTION keep_signing_certificates_delete_all()",
]
NAMES = [
    "keep_signing_certificates_update",
    "keep_signing_certificates_delete",
    "keep_signing_certificates_delete_all",
]


def upgrade() -> None:
    """Make the table of keys and certificates, and its guards."""
    op.create_table(
        "signing_certificates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", lms.db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_certificates")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_signing_certificates_fingerprint")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for line in GUARDS_SQLITE if is_sqlite else GUARDS_POSTGRESQL:
        op.execute(line)


def downgrade() -> None:
    """Take the table away, with its guards."""
    op.drop_table("signing_certificates")
    if op.get_bind().dialect.name == "postgresql":
        for name in NAMES:
            op.execute(f"DROP FUNCTION {name}()")
