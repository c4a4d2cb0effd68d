"""Questions to the ledger, and proof that it and the files that came from it are whole."""

from lms.certificates.queries.ledger import (
    Certificate,
    Ending,
    Verdict,
    as_row,
    by_award,
    by_code,
    by_serial,
    certificate,
    contact,
    facts_of,
    file_of,
    last_serial,
    of_person,
    record_of,
    stored_file,
    tail,
)
from lms.certificates.queries.proof import FileReport, LedgerReport, verify_chain, verify_file

__all__ = [
    "Certificate",
    "Ending",
    "FileReport",
    "LedgerReport",
    "Verdict",
    "as_row",
    "by_award",
    "by_code",
    "by_serial",
    "certificate",
    "contact",
    "facts_of",
    "file_of",
    "last_serial",
    "of_person",
    "record_of",
    "stored_file",
    "tail",
    "verify_chain",
    "verify_file",
]
