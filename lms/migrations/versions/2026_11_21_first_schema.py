"""first schema."""

import sqlalchemy as sa
from alembic import op

import lms.db


revision = '20261121_first'
down_revision = None
branch_labels = None
depends_on = None


GUARDS_SQLITE = [
    "CREATE TRIGGER keep_certificate_files_update BEFORE UPDATE ON certificate_files FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: certificate_files refuses update'); END",
    "CREATE TRIGGER keep_certificate_files_delete BEFORE DELETE ON certificate_files FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: certificate_files refuses delete'); END",
    "CREATE TRIGGER keep_media_update BEFORE UPDATE ON media FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: media refuses update'); END",
    "CREATE TRIGGER keep_media_delete BEFORE DELETE ON media FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: media refuses delete'); END",
    "CREATE TRIGGER keep_people_delete BEFORE DELETE ON people FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: people refuses delete'); END",
    "CREATE TRIGGER keep_audit_entries_update BEFORE UPDATE ON audit_entries FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: audit_entries refuses update'); END",
    "CREATE TRIGGER keep_audit_entries_delete BEFORE DELETE ON audit_entries FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: audit_entries refuses delete'); END",
    "CREATE TRIGGER keep_courses_delete BEFORE DELETE ON courses FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: courses refuses delete'); END",
    "CREATE TRIGGER keep_role_grants_delete BEFORE DELETE ON role_grants FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: role_grants refuses delete'); END",
    "CREATE TRIGGER keep_series_versions_update BEFORE UPDATE ON series_versions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: series_versions refuses update'); END",
    "CREATE TRIGGER keep_series_versions_delete BEFORE DELETE ON series_versions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: series_versions refuses delete'); END",
    "CREATE TRIGGER keep_assignments_delete BEFORE DELETE ON assignments FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: assignments refuses delete'); END",
    "CREATE TRIGGER keep_course_versions_update BEFORE UPDATE ON course_versions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: course_versions refuses update'); END",
    "CREATE TRIGGER keep_course_versions_delete BEFORE DELETE ON course_versions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: course_versions refuses delete'); END",
    "CREATE TRIGGER keep_time_extensions_delete BEFORE DELETE ON time_extensions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: time_extensions refuses delete'); END",
    "CREATE TRIGGER keep_enrolments_update BEFORE UPDATE ON enrolments FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: enrolments refuses update'); END",
    "CREATE TRIGGER keep_enrolments_delete BEFORE DELETE ON enrolments FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: enrolments refuses delete'); END",
    "CREATE TRIGGER keep_evaluation_responses_update BEFORE UPDATE ON evaluation_responses FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: evaluation_responses refuses update'); END",
    "CREATE TRIGGER keep_evaluation_responses_delete BEFORE DELETE ON evaluation_responses FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: evaluation_responses refuses delete'); END",
    "CREATE TRIGGER keep_exemptions_delete BEFORE DELETE ON exemptions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: exemptions refuses delete'); END",
    "CREATE TRIGGER keep_ledger_entries_update BEFORE UPDATE ON ledger_entries FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: ledger_entries refuses update'); END",
    "CREATE TRIGGER keep_ledger_entries_delete BEFORE DELETE ON ledger_entries FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: ledger_entries refuses delete'); END",
    "CREATE TRIGGER keep_attempts_update BEFORE UPDATE ON attempts FOR EACH ROW WHEN OLD.ended_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'records are kept: attempts refuses update'); END",
    "CREATE TRIGGER keep_attempts_delete BEFORE DELETE ON attempts FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: attempts refuses delete'); END",
    "CREATE TRIGGER keep_completions_update BEFORE UPDATE ON completions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: completions refuses update'); END",
    "CREATE TRIGGER keep_completions_delete BEFORE DELETE ON completions FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: completions refuses delete'); END",
    "CREATE TRIGGER keep_evaluation_receipts_update BEFORE UPDATE ON evaluation_receipts FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: evaluation_receipts refuses update'); END",
    "CREATE TRIGGER keep_evaluation_receipts_delete BEFORE DELETE ON evaluation_receipts FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: evaluation_receipts refuses delete'); END",
    "CREATE TRIGGER keep_lesson_reads_update BEFORE UPDATE ON lesson_reads FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: lesson_reads refuses update'); END",
    "CREATE TRIGGER keep_lesson_reads_delete BEFORE DELETE ON lesson_reads FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: lesson_reads refuses delete'); END",
    "CREATE TRIGGER keep_answers_update BEFORE UPDATE ON answers FOR EACH ROW WHEN EXISTS (SELECT 1 FROM attempts WHERE attempts.id = OLD.attempt_id AND attempts.ended_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'records are kept: answers refuses update'); END",
    "CREATE TRIGGER keep_answers_delete BEFORE DELETE ON answers FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: answers refuses delete'); END",
    "CREATE TRIGGER keep_answers_insert BEFORE INSERT ON answers FOR EACH ROW WHEN EXISTS (SELECT 1 FROM attempts WHERE attempts.id = NEW.attempt_id AND attempts.ended_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'records are kept: answers refuses insert'); END",
    "CREATE TRIGGER keep_claims_update BEFORE UPDATE ON claims FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: claims refuses update'); END",
    "CREATE TRIGGER keep_claims_delete BEFORE DELETE ON claims FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'records are kept: claims refuses delete'); END",
]
GUARDS_POSTGRESQL = [
    "CREATE FUNCTION keep_certificate_files_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: certificate_files refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_certificate_files_update BEFORE UPDATE ON certificate_files FOR EACH ROW EXECUTE FUNCTION keep_certificate_files_update()',
    "CREATE FUNCTION keep_certificate_files_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: certificate_files refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_certificate_files_delete BEFORE DELETE ON certificate_files FOR EACH ROW EXECUTE FUNCTION keep_certificate_files_delete()',
    "CREATE FUNCTION keep_certificate_files_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: certificate_files refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_certificate_files_delete_all BEFORE TRUNCATE ON certificate_files FOR EACH STATEMENT EXECUTE FUNCTION keep_certificate_files_delete_all()',
    "CREATE FUNCTION keep_media_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: media refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_media_update BEFORE UPDATE ON media FOR EACH ROW EXECUTE FUNCTION keep_media_update()',
    "CREATE FUNCTION keep_media_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: media refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_media_delete BEFORE DELETE ON media FOR EACH ROW EXECUTE FUNCTION keep_media_delete()',
    "CREATE FUNCTION keep_media_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: media refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_media_delete_all BEFORE TRUNCATE ON media FOR EACH STATEMENT EXECUTE FUNCTION keep_media_delete_all()',
    "CREATE FUNCTION keep_people_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: people refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_people_delete BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION keep_people_delete()',
    "CREATE FUNCTION keep_people_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: people refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_people_delete_all BEFORE TRUNCATE ON people FOR EACH STATEMENT EXECUTE FUNCTION keep_people_delete_all()',
    "CREATE FUNCTION keep_audit_entries_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: audit_entries refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_audit_entries_update BEFORE UPDATE ON audit_entries FOR EACH ROW EXECUTE FUNCTION keep_audit_entries_update()',
    "CREATE FUNCTION keep_audit_entries_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: audit_entries refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_audit_entries_delete BEFORE DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION keep_audit_entries_delete()',
    "CREATE FUNCTION keep_audit_entries_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: audit_entries refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_audit_entries_delete_all BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_entries_delete_all()',
    "CREATE FUNCTION keep_courses_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: courses refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_courses_delete BEFORE DELETE ON courses FOR EACH ROW EXECUTE FUNCTION keep_courses_delete()',
    "CREATE FUNCTION keep_courses_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: courses refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_courses_delete_all BEFORE TRUNCATE ON courses FOR EACH STATEMENT EXECUTE FUNCTION keep_courses_delete_all()',
    "CREATE FUNCTION keep_role_grants_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: role_grants refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_role_grants_delete BEFORE DELETE ON role_grants FOR EACH ROW EXECUTE FUNCTION keep_role_grants_delete()',
    "CREATE FUNCTION keep_role_grants_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: role_grants refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_role_grants_delete_all BEFORE TRUNCATE ON role_grants FOR EACH STATEMENT EXECUTE FUNCTION keep_role_grants_delete_all()',
    "CREATE FUNCTION keep_series_versions_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: series_versions refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_series_versions_update BEFORE UPDATE ON series_versions FOR EACH ROW EXECUTE FUNCTION keep_series_versions_update()',
    "CREATE FUNCTION keep_series_versions_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: series_versions refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_series_versions_delete BEFORE DELETE ON series_versions FOR EACH ROW EXECUTE FUNCTION keep_series_versions_delete()',
    "CREATE FUNCTION keep_series_versions_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: series_versions refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_series_versions_delete_all BEFORE TRUNCATE ON series_versions FOR EACH STATEMENT EXECUTE FUNCTION keep_series_versions_delete_all()',
    "CREATE FUNCTION keep_assignments_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignments refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_assignments_delete BEFORE DELETE ON assignments FOR EACH ROW EXECUTE FUNCTION keep_assignments_delete()',
    "CREATE FUNCTION keep_assignments_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: assignments refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_assignments_delete_all BEFORE TRUNCATE ON assignments FOR EACH STATEMENT EXECUTE FUNCTION keep_assignments_delete_all()',
    "CREATE FUNCTION keep_course_versions_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: course_versions refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_course_versions_update BEFORE UPDATE ON course_versions FOR EACH ROW EXECUTE FUNCTION keep_course_versions_update()',
    "CREATE FUNCTION keep_course_versions_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: course_versions refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_course_versions_delete BEFORE DELETE ON course_versions FOR EACH ROW EXECUTE FUNCTION keep_course_versions_delete()',
    "CREATE FUNCTION keep_course_versions_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: course_versions refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_course_versions_delete_all BEFORE TRUNCATE ON course_versions FOR EACH STATEMENT EXECUTE FUNCTION keep_course_versions_delete_all()',
    "CREATE FUNCTION keep_time_extensions_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: time_extensions refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_time_extensions_delete BEFORE DELETE ON time_extensions FOR EACH ROW EXECUTE FUNCTION keep_time_extensions_delete()',
    "CREATE FUNCTION keep_time_extensions_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: time_extensions refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_time_extensions_delete_all BEFORE TRUNCATE ON time_extensions FOR EACH STATEMENT EXECUTE FUNCTION keep_time_extensions_delete_all()',
    "CREATE FUNCTION keep_enrolments_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: enrolments refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_enrolments_update BEFORE UPDATE ON enrolments FOR EACH ROW EXECUTE FUNCTION keep_enrolments_update()',
    "CREATE FUNCTION keep_enrolments_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: enrolments refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_enrolments_delete BEFORE DELETE ON enrolments FOR EACH ROW EXECUTE FUNCTION keep_enrolments_delete()',
    "CREATE FUNCTION keep_enrolments_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: enrolments refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_enrolments_delete_all BEFORE TRUNCATE ON enrolments FOR EACH STATEMENT EXECUTE FUNCTION keep_enrolments_delete_all()',
    "CREATE FUNCTION keep_evaluation_responses_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_responses refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_evaluation_responses_update BEFORE UPDATE ON evaluation_responses FOR EACH ROW EXECUTE FUNCTION keep_evaluation_responses_update()',
    "CREATE FUNCTION keep_evaluation_responses_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_responses refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_evaluation_responses_delete BEFORE DELETE ON evaluation_responses FOR EACH ROW EXECUTE FUNCTION keep_evaluation_responses_delete()',
    "CREATE FUNCTION keep_evaluation_responses_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_responses refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_evaluation_responses_delete_all BEFORE TRUNCATE ON evaluation_responses FOR EACH STATEMENT EXECUTE FUNCTION keep_evaluation_responses_delete_all()',
    "CREATE FUNCTION keep_exemptions_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: exemptions refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_exemptions_delete BEFORE DELETE ON exemptions FOR EACH ROW EXECUTE FUNCTION keep_exemptions_delete()',
    "CREATE FUNCTION keep_exemptions_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: exemptions refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_exemptions_delete_all BEFORE TRUNCATE ON exemptions FOR EACH STATEMENT EXECUTE FUNCTION keep_exemptions_delete_all()',
    "CREATE FUNCTION keep_ledger_entries_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: ledger_entries refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_ledger_entries_update BEFORE UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION keep_ledger_entries_update()',
    "CREATE FUNCTION keep_ledger_entries_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: ledger_entries refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_ledger_entries_delete BEFORE DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION keep_ledger_entries_delete()',
    "CREATE FUNCTION keep_ledger_entries_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: ledger_entries refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_ledger_entries_delete_all BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger_entries_delete_all()',
    "CREATE FUNCTION keep_attempts_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.ended_at IS NOT NULL THEN RAISE EXCEPTION 'records are kept: attempts refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_attempts_update BEFORE UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION keep_attempts_update()',
    "CREATE FUNCTION keep_attempts_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: attempts refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_attempts_delete BEFORE DELETE ON attempts FOR EACH ROW EXECUTE FUNCTION keep_attempts_delete()',
    "CREATE FUNCTION keep_attempts_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: attempts refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_attempts_delete_all BEFORE TRUNCATE ON attempts FOR EACH STATEMENT EXECUTE FUNCTION keep_attempts_delete_all()',
    "CREATE FUNCTION keep_completions_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: completions refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_completions_update BEFORE UPDATE ON completions FOR EACH ROW EXECUTE FUNCTION keep_completions_update()',
    "CREATE FUNCTION keep_completions_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: completions refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_completions_delete BEFORE DELETE ON completions FOR EACH ROW EXECUTE FUNCTION keep_completions_delete()',
    "CREATE FUNCTION keep_completions_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: completions refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_completions_delete_all BEFORE TRUNCATE ON completions FOR EACH STATEMENT EXECUTE FUNCTION keep_completions_delete_all()',
    "CREATE FUNCTION keep_evaluation_receipts_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_receipts refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_evaluation_receipts_update BEFORE UPDATE ON evaluation_receipts FOR EACH ROW EXECUTE FUNCTION keep_evaluation_receipts_update()',
    "CREATE FUNCTION keep_evaluation_receipts_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_receipts refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_evaluation_receipts_delete BEFORE DELETE ON evaluation_receipts FOR EACH ROW EXECUTE FUNCTION keep_evaluation_receipts_delete()',
    "CREATE FUNCTION keep_evaluation_receipts_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: evaluation_receipts refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_evaluation_receipts_delete_all BEFORE TRUNCATE ON evaluation_receipts FOR EACH STATEMENT EXECUTE FUNCTION keep_evaluation_receipts_delete_all()',
    "CREATE FUNCTION keep_lesson_reads_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: lesson_reads refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_lesson_reads_update BEFORE UPDATE ON lesson_reads FOR EACH ROW EXECUTE FUNCTION keep_lesson_reads_update()',
    "CREATE FUNCTION keep_lesson_reads_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: lesson_reads refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_lesson_reads_delete BEFORE DELETE ON lesson_reads FOR EACH ROW EXECUTE FUNCTION keep_lesson_reads_delete()',
    "CREATE FUNCTION keep_lesson_reads_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: lesson_reads refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_lesson_reads_delete_all BEFORE TRUNCATE ON lesson_reads FOR EACH STATEMENT EXECUTE FUNCTION keep_lesson_reads_delete_all()',
    "CREATE FUNCTION keep_answers_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM attempts WHERE attempts.id = OLD.attempt_id AND attempts.ended_at IS NOT NULL) THEN RAISE EXCEPTION 'records are kept: answers refuses update' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_answers_update BEFORE UPDATE ON answers FOR EACH ROW EXECUTE FUNCTION keep_answers_update()',
    "CREATE FUNCTION keep_answers_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: answers refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_answers_delete BEFORE DELETE ON answers FOR EACH ROW EXECUTE FUNCTION keep_answers_delete()',
    "CREATE FUNCTION keep_answers_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: answers refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_answers_delete_all BEFORE TRUNCATE ON answers FOR EACH STATEMENT EXECUTE FUNCTION keep_answers_delete_all()',
    "CREATE FUNCTION keep_answers_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM attempts WHERE attempts.id = NEW.attempt_id AND attempts.ended_at IS NOT NULL) THEN RAISE EXCEPTION 'records are kept: answers refuses insert' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
    'CREATE TRIGGER keep_answers_insert BEFORE INSERT ON answers FOR EACH ROW EXECUTE FUNCTION keep_answers_insert()',
    "CREATE FUNCTION keep_claims_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: claims refuses update' USING ERRCODE = 'restrict_violation'; RETURN NEW; END $$",
    'CREATE TRIGGER keep_claims_update BEFORE UPDATE ON claims FOR EACH ROW EXECUTE FUNCTION keep_claims_update()',
    "CREATE FUNCTION keep_claims_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: claims refuses delete' USING ERRCODE = 'restrict_violation'; RETURN OLD; END $$",
    'CREATE TRIGGER keep_claims_delete BEFORE DELETE ON claims FOR EACH ROW EXECUTE FUNCTION keep_claims_delete()',
    "CREATE FUNCTION keep_claims_delete_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'records are kept: claims refuses delete' USING ERRCODE = 'restrict_violation'; END $$",
    'CREATE TRIGGER keep_claims_delete_all BEFORE TRUNCATE ON claims FOR EACH STATEMENT EXECUTE FUNCTION keep_claims_delete_all()',
]


def upgrade() -> None:
    """Go one step forward."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table('certificate_files',
    sa.Column('serial', sa.String(length=20), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('serial', name=op.f('pk_certificate_files')),
    info={'immutable': True, 'personal': 'the certificate itself'}
    )
    op.create_table('departments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('retired_at', lms.db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('parent_id <> id', name=op.f('ck_departments_not_below_itself')),
    sa.ForeignKeyConstraint(['parent_id'], ['departments.id'], name=op.f('fk_departments_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_departments')),
    sa.UniqueConstraint('parent_id', 'name', name=op.f('uq_departments_parent_id_name')),
    info={'personal': None}
    )
    with op.batch_alter_table('departments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_departments_parent_id'), ['parent_id'], unique=False)

    op.create_table('media',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content_type', sa.String(length=80), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_media')),
    info={'immutable': True, 'personal': None}
    )
    op.create_table('organisations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('line', sa.String(length=160), nullable=False),
    sa.Column('signer_name', sa.String(length=120), nullable=False),
    sa.Column('signer_title', sa.String(length=120), nullable=False),
    sa.Column('contact_email', sa.String(length=254), nullable=False),
    sa.Column('is_demonstration', sa.Boolean(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_organisations_only_one')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisations')),
    info={'personal': 'name of the signatory, who is printed on certificates'}
    )
    op.create_table('rate_hits',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('bucket', sa.String(length=64), nullable=False),
    sa.Column('at', lms.db.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rate_hits')),
    info={'personal': 'digests of addresses, for a day'}
    )
    with op.batch_alter_table('rate_hits', schema=None) as batch_op:
        batch_op.create_index('ix_rate_hits_bucket_at', ['bucket', 'at'], unique=False)

    op.create_table('people',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('certificate_name', sa.String(length=120), nullable=False),
    sa.Column('name_locale', sa.String(length=16), nullable=True),
    sa.Column('profession', sa.Enum('physician', 'app', 'nurse', 'social_work', 'psychology', 'pharmacy', 'allied', 'ems', 'support', 'student', 'other', name='profession', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('licence_state', sa.String(length=2), nullable=True),
    sa.Column('zone', sa.String(length=64), nullable=True),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('created_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('deactivated_at', lms.db.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_people_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_people')),
    sa.UniqueConstraint('email_key', name=op.f('uq_people_email_key')),
    info={'personal': 'who a person is', 'no_delete': True}
    )
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_people_department_id'), ['department_id'], unique=False)

    op.create_table('audit_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('thing', sa.String(length=200), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['people.id'], name=op.f('fk_audit_entries_actor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entries')),
    info={'immutable': True, 'personal': 'who did what; kept as long as the records'}
    )
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entries_at'), ['at'], unique=False)

    op.create_table('courses',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('retired_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('retired_by_id', sa.Integer(), nullable=True),
    sa.Column('retired_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['retired_by_id'], ['people.id'], name=op.f('fk_courses_retired_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_courses')),
    sa.UniqueConstraint('key', name=op.f('uq_courses_key')),
    info={'personal': None, 'no_delete': True}
    )
    op.create_table('messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('is_secret', sa.Boolean(), nullable=False),
    sa.Column('queued_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('next_try_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('sent_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('failed_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_messages_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_messages')),
    sa.UniqueConstraint('key', name=op.f('uq_messages_key')),
    info={'personal': 'address and text of a mail; body dropped once sent'}
    )
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_messages_next_try_at'), ['next_try_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_queued_at'), ['queued_at'], unique=False)

    op.create_table('password_resets',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('asked_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('expires_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('used_at', lms.db.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_password_resets_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_password_resets')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_password_resets_token_digest')),
    info={'personal': 'that a person asked for a new password'}
    )
    with op.batch_alter_table('password_resets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_password_resets_person_id'), ['person_id'], unique=False)

    op.create_table('role_grants',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('learner', 'coordinator', 'planner', 'administrator', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('granted_by_id', sa.Integer(), nullable=True),
    sa.Column('granted_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('revoked_by_id', sa.Integer(), nullable=True),
    sa.Column('revoked_at', lms.db.UTCDateTime(), nullable=True),
    sa.CheckConstraint("(role = 'coordinator') = (department_id IS NOT NULL)", name=op.f('ck_role_grants_coordinators_have_a_place')),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_role_grants_department_id')),
    sa.ForeignKeyConstraint(['granted_by_id'], ['people.id'], name=op.f('fk_role_grants_granted_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_role_grants_person_id')),
    sa.ForeignKeyConstraint(['revoked_by_id'], ['people.id'], name=op.f('fk_role_grants_revoked_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role_grants')),
    info={'personal': 'which role a person held', 'no_delete': True}
    )
    with op.batch_alter_table('role_grants', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_role_grants_person_id'), ['person_id'], unique=False)
        batch_op.create_index('uq_role_grants_open', ['person_id', 'role', 'department_id'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('series_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('published_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('published_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['published_by_id'], ['people.id'], name=op.f('fk_series_versions_published_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_series_versions')),
    sa.UniqueConstraint('key', 'number', name=op.f('uq_series_versions_key_number')),
    info={'immutable': True, 'personal': None}
    )
    with op.batch_alter_table('series_versions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_series_versions_key'), ['key'], unique=False)

    op.create_table('sign_ins',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('started_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('expires_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('ended_at', lms.db.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_sign_ins_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ins')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_sign_ins_token_digest')),
    info={'personal': 'when and for how long a person was signed in'}
    )
    with op.batch_alter_table('sign_ins', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_ins_person_id'), ['person_id'], unique=False)

    op.create_table('assignments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=True),
    sa.Column('series_key', sa.String(length=80), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('accept_days', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('basis', sa.String(length=300), nullable=False),
    sa.Column('created_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('closed_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('closed_reason', sa.Text(), nullable=True),
    sa.CheckConstraint('(course_id IS NULL) <> (series_key IS NULL)', name=op.f('ck_assignments_course_or_series')),
    sa.CheckConstraint('accept_days >= 0', name=op.f('ck_assignments_accepts_the_past_only')),
    sa.ForeignKeyConstraint(['closed_by_id'], ['people.id'], name=op.f('fk_assignments_closed_by_id')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_assignments_course_id')),
    sa.ForeignKeyConstraint(['created_by_id'], ['people.id'], name=op.f('fk_assignments_created_by_id')),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_assignments_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignments')),
    info={'personal': None, 'no_delete': True}
    )
    with op.batch_alter_table('assignments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_assignments_course_id'), ['course_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_assignments_department_id'), ['department_id'], unique=False)

    op.create_table('course_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('change', sa.String(length=16), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('rendered', sa.JSON(), nullable=False),
    sa.Column('published_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('published_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('number >= 1', name=op.f('ck_course_versions_counts_from_one')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_course_versions_course_id')),
    sa.ForeignKeyConstraint(['published_by_id'], ['people.id'], name=op.f('fk_course_versions_published_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_versions')),
    sa.UniqueConstraint('course_id', 'number', name=op.f('uq_course_versions_course_id_number')),
    info={'immutable': True, 'personal': 'names and disclosures of faculty'}
    )
    with op.batch_alter_table('course_versions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_course_versions_course_id'), ['course_id'], unique=False)

    op.create_table('time_extensions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=True),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('granted_by_id', sa.Integer(), nullable=True),
    sa.Column('granted_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('ended_at', lms.db.UTCDateTime(), nullable=True),
    sa.CheckConstraint('percent > 0 AND percent <= 300', name=op.f('ck_time_extensions_adds_time')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_time_extensions_course_id')),
    sa.ForeignKeyConstraint(['granted_by_id'], ['people.id'], name=op.f('fk_time_extensions_granted_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_time_extensions_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_extensions')),
    info={'personal': 'an accommodation, without its cause', 'no_delete': True}
    )
    with op.batch_alter_table('time_extensions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_time_extensions_person_id'), ['person_id'], unique=False)

    op.create_table('enrolments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('course_version_id', sa.Integer(), nullable=False),
    sa.Column('cycle', sa.Integer(), nullable=False),
    sa.Column('acknowledged_at', lms.db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_enrolments_course_id')),
    sa.ForeignKeyConstraint(['course_version_id'], ['course_versions.id'], name=op.f('fk_enrolments_course_version_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_enrolments_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrolments')),
    sa.UniqueConstraint('person_id', 'course_id', 'cycle', name=op.f('uq_enrolments_person_id_course_id_cycle')),
    info={'immutable': True, 'personal': 'which course a person took, on which version'}
    )
    with op.batch_alter_table('enrolments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrolments_course_id'), ['course_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_enrolments_person_id'), ['person_id'], unique=False)

    op.create_table('evaluation_responses',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('course_version_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['course_version_id'], ['course_versions.id'], name=op.f('fk_evaluation_responses_course_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation_responses')),
    info={'immutable': True, 'personal': 'free text may name people; never joined'},
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('evaluation_responses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_evaluation_responses_course_version_id'), ['course_version_id'], unique=False)

    op.create_table('exemptions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('assignment_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('granted_by_id', sa.Integer(), nullable=True),
    sa.Column('granted_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('ended_at', lms.db.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignments.id'], name=op.f('fk_exemptions_assignment_id')),
    sa.ForeignKeyConstraint(['granted_by_id'], ['people.id'], name=op.f('fk_exemptions_granted_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_exemptions_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exemptions')),
    info={'personal': 'that a person is exempt, and why', 'no_delete': True}
    )
    with op.batch_alter_table('exemptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exemptions_assignment_id'), ['assignment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_exemptions_person_id'), ['person_id'], unique=False)
        batch_op.create_index('uq_exemptions_open', ['assignment_id', 'person_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('ledger_entries',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Enum('issued', 'superseded', 'revoked', name='entry', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=False),
    sa.Column('at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('replaced_by', sa.String(length=20), nullable=True),
    sa.Column('award_key', sa.String(length=80), nullable=True),
    sa.Column('code', sa.String(length=40), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('course_version_id', sa.Integer(), nullable=True),
    sa.Column('facts', sa.Text(), nullable=True),
    sa.Column('pdf_digest', sa.String(length=64), nullable=True),
    sa.Column('previous_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.CheckConstraint("kind <> 'issued' OR (code IS NOT NULL AND person_id IS NOT NULL AND facts IS NOT NULL AND pdf_digest IS NOT NULL)", name=op.f('ck_ledger_entries_awards_are_whole')),
    sa.CheckConstraint("kind = 'issued' OR reason IS NOT NULL", name=op.f('ck_ledger_entries_ends_have_a_reason')),
    sa.ForeignKeyConstraint(['actor_id'], ['people.id'], name=op.f('fk_ledger_entries_actor_id')),
    sa.ForeignKeyConstraint(['course_version_id'], ['course_versions.id'], name=op.f('fk_ledger_entries_course_version_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_ledger_entries_person_id')),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_ledger_entries')),
    sa.UniqueConstraint('code', name=op.f('uq_ledger_entries_code')),
    sa.UniqueConstraint('hash', name=op.f('uq_ledger_entries_hash')),
    info={'immutable': True, 'personal': 'every fact printed on a certificate'}
    )
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ledger_entries_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_entries_serial'), ['serial'], unique=False)
        batch_op.create_index('uq_ledger_entries_award_key', ['award_key'], unique=True, sqlite_where=sa.text('award_key IS NOT NULL'), postgresql_where=sa.text('award_key IS NOT NULL'))
        batch_op.create_index('uq_ledger_entries_ended_serial', ['serial'], unique=True, sqlite_where=sa.text("kind <> 'issued'"), postgresql_where=sa.text("kind <> 'issued'"))
        batch_op.create_index('uq_ledger_entries_issued_serial', ['serial'], unique=True, sqlite_where=sa.text("kind = 'issued'"), postgresql_where=sa.text("kind = 'issued'"))

    op.create_table('attempts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('started_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('deadline_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('minutes_allowed', sa.Integer(), nullable=True),
    sa.Column('drawn', sa.JSON(), nullable=False),
    sa.Column('ended_at', lms.db.UTCDateTime(), nullable=True),
    sa.Column('outcome', sa.Enum('passed', 'failed', 'expired', 'withdrawn', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('points', sa.String(length=32), nullable=True),
    sa.CheckConstraint('(ended_at IS NULL) = (outcome IS NULL)', name=op.f('ck_attempts_ends_with_an_outcome')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolments.id'], name=op.f('fk_attempts_enrolment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('enrolment_id', 'number', name=op.f('uq_attempts_enrolment_id_number')),
    info={'personal': 'how a person answered', 'no_delete': True, 'no_update_when': 'OLD.ended_at IS NOT NULL'}
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempts_enrolment_id'), ['enrolment_id'], unique=False)
        batch_op.create_index('uq_attempts_open', ['enrolment_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('completions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('completed_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('basis', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolments.id'], name=op.f('fk_completions_enrolment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_completions')),
    sa.UniqueConstraint('enrolment_id', name=op.f('uq_completions_enrolment_id')),
    info={'immutable': True, 'personal': 'which course a person finished, and when'}
    )
    with op.batch_alter_table('completions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_completions_completed_at'), ['completed_at'], unique=False)

    op.create_table('evaluation_receipts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('received_at', lms.db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolments.id'], name=op.f('fk_evaluation_receipts_enrolment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evaluation_receipts')),
    sa.UniqueConstraint('enrolment_id', name=op.f('uq_evaluation_receipts_enrolment_id')),
    sa.UniqueConstraint('token', name=op.f('uq_evaluation_receipts_token')),
    info={'immutable': True, 'personal': 'that an evaluation was done'}
    )
    op.create_table('lesson_reads',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.String(length=80), nullable=False),
    sa.Column('read_at', lms.db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolments.id'], name=op.f('fk_lesson_reads_enrolment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson_reads')),
    sa.UniqueConstraint('enrolment_id', 'lesson_id', name=op.f('uq_lesson_reads_enrolment_id_lesson_id')),
    info={'immutable': True, 'personal': 'what a person has read'}
    )
    with op.batch_alter_table('lesson_reads', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lesson_reads_enrolment_id'), ['enrolment_id'], unique=False)

    op.create_table('positions',
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.String(length=80), nullable=False),
    sa.Column('anchor', sa.String(length=120), nullable=False),
    sa.Column('heading', sa.String(length=200), nullable=False),
    sa.Column('at', lms.db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolments.id'], name=op.f('fk_positions_enrolment_id')),
    sa.PrimaryKeyConstraint('enrolment_id', name=op.f('pk_positions')),
    info={'personal': 'where a person stopped reading'}
    )
    op.create_table('answers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.String(length=80), nullable=False),
    sa.Column('response', sa.JSON(), nullable=False),
    sa.Column('saved_at', lms.db.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempts.id'], name=op.f('fk_answers_attempt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answers')),
    sa.UniqueConstraint('attempt_id', 'item_id', name=op.f('uq_answers_attempt_id_item_id')),
    info={'personal': 'how a person answered', 'no_delete': True, 'no_insert_when': 'EXISTS (SELECT 1 FROM attempts WHERE attempts.id = NEW.attempt_id AND attempts.ended_at IS NOT NULL)', 'no_update_when': 'EXISTS (SELECT 1 FROM attempts WHERE attempts.id = OLD.attempt_id AND attempts.ended_at IS NOT NULL)'}
    )
    with op.batch_alter_table('answers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_answers_attempt_id'), ['attempt_id'], unique=False)

    op.create_table('claims',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('completion_id', sa.Integer(), nullable=False),
    sa.Column('quarters', sa.Integer(), nullable=False),
    sa.Column('claimed_at', lms.db.UTCDateTime(), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=False),
    sa.CheckConstraint('quarters > 0', name=op.f('ck_claims_above_nothing')),
    sa.ForeignKeyConstraint(['completion_id'], ['completions.id'], name=op.f('fk_claims_completion_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claims')),
    sa.UniqueConstraint('completion_id', name=op.f('uq_claims_completion_id')),
    sa.UniqueConstraint('serial', name=op.f('uq_claims_serial')),
    info={'immutable': True, 'personal': 'credit a person claimed'}
    )
    # ### end Alembic commands ###
    dialect = op.get_bind().dialect.name
    for guard in GUARDS_SQLITE if dialect == "sqlite" else GUARDS_POSTGRESQL:
        op.execute(sa.text(guard.replace(":", "\\:")))



def downgrade() -> None:
    """Go one step back."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_table('claims')
    with op.batch_alter_table('answers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_answers_attempt_id'))

    op.drop_table('answers')
    op.drop_table('positions')
    with op.batch_alter_table('lesson_reads', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lesson_reads_enrolment_id'))

    op.drop_table('lesson_reads')
    op.drop_table('evaluation_receipts')
    with op.batch_alter_table('completions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_completions_completed_at'))

    op.drop_table('completions')
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index('uq_attempts_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_attempts_enrolment_id'))

    op.drop_table('attempts')
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.drop_index('uq_ledger_entries_issued_serial', sqlite_where=sa.text("kind = 'issued'"), postgresql_where=sa.text("kind = 'issued'"))
        batch_op.drop_index('uq_ledger_entries_ended_serial', sqlite_where=sa.text("kind <> 'issued'"), postgresql_where=sa.text("kind <> 'issued'"))
        batch_op.drop_index('uq_ledger_entries_award_key', sqlite_where=sa.text('award_key IS NOT NULL'), postgresql_where=sa.text('award_key IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_ledger_entries_serial'))
        batch_op.drop_index(batch_op.f('ix_ledger_entries_person_id'))

    op.drop_table('ledger_entries')
    with op.batch_alter_table('exemptions', schema=None) as batch_op:
        batch_op.drop_index('uq_exemptions_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_exemptions_person_id'))
        batch_op.drop_index(batch_op.f('ix_exemptions_assignment_id'))

    op.drop_table('exemptions')
    with op.batch_alter_table('evaluation_responses', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_evaluation_responses_course_version_id'))

    op.drop_table('evaluation_responses')
    with op.batch_alter_table('enrolments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_enrolments_person_id'))
        batch_op.drop_index(batch_op.f('ix_enrolments_course_id'))

    op.drop_table('enrolments')
    with op.batch_alter_table('time_extensions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_time_extensions_person_id'))

    op.drop_table('time_extensions')
    with op.batch_alter_table('course_versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_course_versions_course_id'))

    op.drop_table('course_versions')
    with op.batch_alter_table('assignments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_assignments_department_id'))
        batch_op.drop_index(batch_op.f('ix_assignments_course_id'))

    op.drop_table('assignments')
    with op.batch_alter_table('sign_ins', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_ins_person_id'))

    op.drop_table('sign_ins')
    with op.batch_alter_table('series_versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_series_versions_key'))

    op.drop_table('series_versions')
    with op.batch_alter_table('role_grants', schema=None) as batch_op:
        batch_op.drop_index('uq_role_grants_open', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_role_grants_person_id'))

    op.drop_table('role_grants')
    with op.batch_alter_table('password_resets', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_password_resets_person_id'))

    op.drop_table('password_resets')
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_messages_queued_at'))
        batch_op.drop_index(batch_op.f('ix_messages_person_id'))
        batch_op.drop_index(batch_op.f('ix_messages_next_try_at'))

    op.drop_table('messages')
    op.drop_table('courses')
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entries_at'))

    op.drop_table('audit_entries')
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_people_department_id'))

    op.drop_table('people')
    with op.batch_alter_table('rate_hits', schema=None) as batch_op:
        batch_op.drop_index('ix_rate_hits_bucket_at')

    op.drop_table('rate_hits')
    op.drop_table('organisations')
    op.drop_table('media')
    with op.batch_alter_table('departments', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_departments_parent_id'))

    op.drop_table('departments')
    op.drop_table('certificate_files')
    # ### end Alembic commands ###
    if op.get_bind().dialect.name == "postgresql":
        for guard in GUARDS_POSTGRESQL:
            if guard.startswith("CREATE FUNCTION"):
                name = guard.split()[2].split("(")[0]
                op.execute(sa.text(f"DROP FUNCTION {name}()"))
