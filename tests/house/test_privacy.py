"""Every table says whether it holds personal data, and which records it keeps."""

from lms.db import Base


def test_every_table_says_whether_it_holds_personal_data(app):
    for table in Base.metadata.sorted_tables:
        assert "personal" in table.info, f"{table.name}: say personal=None or what it holds"


def test_records_are_kept_by_triggers(app):
    kept = {t.name for t in Base.metadata.sorted_tables if t.info.get("immutable")}
    assert {
        "audit_entries", "certificate_files", "claims", "completions", "course_versions",
        "evaluation_receipts", "evaluation_responses", "ledger_entries", "lesson_reads", "media",
        "series_versions",
    } <= kept
