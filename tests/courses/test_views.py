"""Pictures and the planner's page: right door, right status, right headers."""

from flask import Flask
from sqlalchemy import select

from lms.access import SYSTEM
from lms.courses import queries
from lms.courses.models import Medium
from lms.courses.operations import publish
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny, tiny
from tests.learning.steps import begin

PNG = b"\x89PNG\r\n\x1a\nthe rest"


def picture() -> str:
    draft = tiny()
    draft.media["media/sink.png"] = PNG
    draft.texts["lessons/01-moments.md"] += "\n![A sink](media/sink.png)\n"
    publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON)
    db.session.commit()
    return db.session.scalars(select(Medium.digest)).one()


def test_a_picture_is_sent_to_who_began_the_course_and_may_be_kept(app: Flask, cast, as_):
    digest = picture()
    begin(cast.actor("lena"), at=NOON)
    db.session.commit()
    answer = as_(cast.lena).get(f"/media/{digest}")
    assert answer.status_code == 200
    assert answer.data == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = as_(cast.lena).get(f"/media/{digest}", headers={"If-None-Match": f'"{digest}"'})
    assert again.status_code == 304


def test_case_50_a_picture_is_not_there_for_who_has_not_begun_its_course(app: Flask, cast, as_):
    digest = picture()
    assert as_(cast.noor).get(f"/media/{digest}").status_code == 404
    assert as_(cast.petra).get(f"/media/{digest}").status_code == 200


def test_a_picture_is_not_sent_to_strangers_and_an_unknown_one_is_not_there(
    app: Flask, cast, as_, client
):
    digest = picture()
    assert client.get(f"/media/{digest}").status_code in {302, 303, 401}
    assert as_(cast.lena).get("/media/" + "0" * 64).status_code == 404


def test_a_planner_sees_the_versions_and_others_do_not(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    publish_tiny(at=NOON, title="Second", change="minor", change_note="A better title.")
    db.session.commit()
    page = as_(cast.petra).get("/courses/tiny/versions")
    assert page.status_code == 200
    assert "Version 2" in page.text
    assert "Minor: A better title." in page.text
    assert as_(cast.lena).get("/courses/tiny/versions").status_code == 403
    assert as_(cast.petra).get("/courses/none/versions").status_code == 404


def test_a_planner_retires_a_course_and_a_reason_is_asked_for(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    db.session.commit()
    petra = as_(cast.petra)
    refused = petra.post("/courses/tiny/retire", data={"reason": "x"})
    assert refused.status_code == 422
    assert "Say why the course is retired" in refused.text
    assert queries.history("tiny").retired_at is None
    done = petra.post("/courses/tiny/retire", data={"reason": "Replaced by <b>another</b>."})
    assert done.status_code == 303
    page = petra.get(done.headers["Location"])
    assert "Replaced by &lt;b&gt;another&lt;/b&gt;." in page.text
    assert "Retire the course" not in page.text
    again = petra.post("/courses/tiny/retire", data={"reason": "Replaced."})
    assert again.status_code == 422
    assert "retired already" in again.text


def test_a_learner_can_not_retire(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    db.session.commit()
    assert as_(cast.lena).post("/courses/tiny/retire", data={"reason": "No."}).status_code == 403
