"""Rate limits: counted across processes, forgotten after a day, telling nothing of whom."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from lms.db import db
from lms.web import limits
from lms.web.limits import RateHit
from tests.conftest import NOON

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _app(app):
    return app


def test_hits_are_counted_in_their_bucket_only():
    for _ in range(3):
        limits.note("sign-in:lena@example.org", at=NOON)
    limits.note("sign-in:noor@example.org", at=NOON)
    assert limits.hits("sign-in:lena@example.org", within=MINUTE, at=NOON) == 3
    assert limits.hits("sign-in:noor@example.org", within=MINUTE, at=NOON) == 1
    assert limits.hits("sign-in:otto@example.org", within=MINUTE, at=NOON) == 0


def test_hits_count_until_their_time_is_over():
    limits.note("b", at=NOON)
    just = MINUTE - timedelta(seconds=1)
    assert limits.hits("b", within=MINUTE, at=NOON + just) == 1
    assert limits.hits("b", within=MINUTE, at=NOON + MINUTE) == 0


def test_a_day_later_nothing_is_left_of_it():
    limits.note("a", at=NOON)
    limits.note("b", at=NOON + timedelta(days=1, seconds=1))
    assert db.session.scalar(select(func.count()).select_from(RateHit)) == 1


def test_forgetting_empties_one_bucket():
    limits.note("a", at=NOON)
    limits.note("b", at=NOON)
    limits.forget("a")
    assert limits.hits("a", within=MINUTE, at=NOON) == 0
    assert limits.hits("b", within=MINUTE, at=NOON) == 1


def test_neither_addresses_nor_names_are_stored():
    limits.note("sign-in:lena@example.org:192.0.2.7", at=NOON)
    bucket = db.session.scalars(select(RateHit.bucket)).one()
    assert len(bucket) == 64
    assert set(bucket) <= set("0123456789abcdef")
