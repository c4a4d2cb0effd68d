"""What is published, kept in memory: what of it stays when something else was published."""

from datetime import UTC, datetime

from lms.courses.queries.catalogue import Catalogue, catalogue
from lms.db import db
from lms.people.models import Organisation
from tests.courses.tiny import publish_tiny

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_what_was_parsed_stays_when_something_else_changes(app):
    publish_tiny(at=AT)
    db.session.commit()
    before = catalogue()
    (edition,) = before.newest.values()
    said = before.content(edition)
    organisation = db.session.get(Organisation, 1) or Organisation(id=1)
    organisation.name, organisation.line = "Another Hospital", "Office of Education"
    organisation.signer_name, organisation.signer_title = "A. Signer, MD", "Director"
    organisation.contact_email = "office@example.org"
    db.session.add(organisation)
    db.session.commit()
    after = catalogue()
    assert after is not before
    assert after.issuer.name == "Another Hospital"
    # The same object: all workers share what was parsed before there were workers.
    assert after.content(edition) is said


def test_a_new_version_is_parsed_and_what_is_gone_is_let_go_of(app):
    publish_tiny(at=AT)
    db.session.commit()
    before = catalogue()
    (edition,) = before.newest.values()
    publish_tiny(at=AT, title="Another title", change_note="Another title.")
    db.session.commit()
    after = catalogue()
    (newest,) = after.newest.values()
    assert newest.digest != edition.digest
    assert after.content(newest).title == "Another title"
    assert set(after._contents) == {edition.digest, newest.digest}
    del after.editions[edition.id]
    later = Catalogue(
        mark=(), editions=after.editions, newest=after.newest, issuer=None, all_series=()
    )
    later.take_over(after)
    assert set(later._contents) == {newest.digest}
