"""Second factors, recovery codes, shared workstations; what a role must have."""

import sqlalchemy as sa
from alembic import op

import lms.db

revision = "20261121_second_factor"
down_revision = "20261121_roster"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what proves somebody beside a password, and what is known of a signed-in browser."""
    op.create_table(
        "security_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("factor_roles", sa.JSON(), nullable=False),
        sa.Column("is_shared_by_default", sa.Boolean(), nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_security_rules_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_rules")),
    )
    op.create_table(
        "authenticators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.String(length=300), nullable=False),
        sa.Column("started_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", lms.db.UTCDateTime(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.Column("last_used_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_authenticators_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
    )
    op.create_index(
        op.f("ix_authenticators_person_id"), "authenticators", ["person_id"], unique=False
    )
    op.create_index(
        "uq_authenticators_confirmed",
        "authenticators",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("confirmed_at IS NOT NULL"),
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )
    op.create_table(
        "half_sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("began_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("ended_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_half_sign_ins_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_half_sign_ins")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_half_sign_ins_token_digest")),
    )
    op.create_index(
        op.f("ix_half_sign_ins_person_id"), "half_sign_ins", ["person_id"], unique=False
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("used_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_passkey_challenges_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenges")),
        sa.UniqueConstraint("digest", name=op.f("uq_passkey_challenges_digest")),
    )
    op.create_index(
        op.f("ix_passkey_challenges_asked_at"), "passkey_challenges", ["asked_at"], unique=False
    )
    op.create_index(
        op.f("ix_passkey_challenges_person_id"), "passkey_challenges", ["person_id"], unique=False
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("user_handle", sa.String(length=64), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("last_used_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_passkeys_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_person_id"), "passkeys", ["person_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", lms.db.UTCDateTime(), nullable=False),
        sa.Column("used_at", lms.db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(
        op.f("ix_recovery_codes_person_id"), "recovery_codes", ["person_id"], unique=False
    )
    op.add_column("sign_ins", sa.Column("device", sa.String(length=60), nullable=True))
    op.add_column("sign_ins", sa.Column("seen_at", lms.db.UTCDateTime(), nullable=True))
    op.add_column("sign_ins", sa.Column("proved_at", lms.db.UTCDateTime(), nullable=True))
    op.add_column("sign_ins", sa.Column("factor_at", lms.db.UTCDateTime(), nullable=True))
    op.add_column("sign_ins", sa.Column("idle_minutes", sa.Integer(), nullable=True))
    op.add_column("sign_ins", sa.Column("locked_at", lms.db.UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Take it all out again."""
    op.drop_column("sign_ins", "locked_at")
    op.drop_column("sign_ins", "idle_minutes")
    op.drop_column("sign_ins", "factor_at")
    op.drop_column("sign_ins", "proved_at")
    op.drop_column("sign_ins", "seen_at")
    op.drop_column("sign_ins", "device")
    op.drop_index(op.f("ix_recovery_codes_person_id"), table_name="recovery_codes")
    op.drop_table("recovery_codes")
    op.drop_index(op.f("ix_passkeys_person_id"), table_name="passkeys")
    op.drop_table("passkeys")
    op.drop_index(op.f("ix_passkey_challenges_person_id"), table_name="passkey_challenges")
    op.drop_index(op.f("ix_passkey_challenges_asked_at"), table_name="passkey_challenges")
    op.drop_table("passkey_challenges")
    op.drop_index(op.f("ix_half_sign_ins_person_id"), table_name="half_sign_ins")
    op.drop_table("half_sign_ins")
    op.drop_index(
        "uq_authenticators_confirmed",
        table_name="authenticators",
        sqlite_where=sa.text("confirmed_at IS NOT NULL"),
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_authenticators_person_id"), table_name="authenticators")
    op.drop_table("authenticators")
    op.drop_table("security_rules")
