"""Put the application together: the only file that imports every feature."""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from werkzeug.middleware.proxy_fix import ProxyFix

from lms import clock, db
from lms.assignments import views as assignments
from lms.certificates import cli as certificate_commands
from lms.certificates import views as certificates
from lms.certificates.operations import Press
from lms.certificates.queries import keys
from lms.commands import backup, database, demo, doctor, serve, signing_key, worker
from lms.config import BadSetting, Settings
from lms.courses import cli as course_commands
from lms.courses import views as courses
from lms.credit import views as credit
from lms.learning.views import lessons, quiz
from lms.people import cli as people_commands
from lms.people import views as people
from lms.reports import views as reports
from lms.typeset.faces import Faces
from lms.typeset.signing import KeyProblem, SigningKey
from lms.web import door, pages, site
from lms.web.cookies import Cookies
from lms.web.readers import Readers

# As it is in any program: lms/__init__.py lets it be seldom while this one is loaded.
gc.set_threshold(700, 10, 10)

HOME = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
BLUEPRINTS = (
    people.bp,
    courses.bp,
    certificates.bp,
    lessons.bp,
    quiz.bp,
    credit.bp,
    assignments.bp,
    reports.bp,
    site.bp,
)


class Rounds(Flask):
    """Flask's application, none of whose functions is asynchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: Flask would look at each of them, for each request."""
        return func


def _configure(app: Flask, settings: Settings) -> None:
    secure = settings.base_url.startswith("https://")
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        INSTANCE=settings.instance,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="__Host-rounds" if secure else "rounds",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Two hours without a request, and the cookie is worth nothing.
        PERMANENT_SESSION_LIFETIME=2 * 60 * 60,
        # Sent anew whenever it is noted that the browser is in use, every few minutes.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=2 * MEGABYTE,
        MAX_FORM_PARTS=500,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=24 * 60 * 60,
        TRUSTED_HOSTS=_hosts(settings),
        TESTING=settings.testing,
    )
    app.extensions["settings"] = settings
    app.extensions["press"] = _press(settings)
    app.extensions["faces"] = lambda: _faces(settings.instance / "fonts")


def _hosts(settings: Settings) -> list[str]:
    """Return the names this server answers under; any other Host header is refused."""
    host = settings.base_url.partition("://")[2].rpartition(":")[0]
    public = host or settings.base_url.partition("://")[2]
    return list(dict.fromkeys([public, "localhost", "127.0.0.1", "[::1]"]))


@cache
def _found(folder: Path | None) -> Faces:
    return Faces.find(folder)


def _faces(folder: Path) -> Faces:
    """Return the faces of an instance; those without fonts of their own share one set."""
    return _found(folder if folder.is_dir() else None)


def _press(settings: Settings) -> Callable[[], Press]:
    """Return a function that makes the press when it's first needed, and keeps it.

    Faces and key take a third of a second to load, which a command that prints nothing need
    not wait for. Made anew when another server of the same database was given a new key.
    """
    held: dict[str, Press] = {}

    def made() -> Press:
        stamp = keys.stamp()
        if (press := held.get(stamp)) is not None:
            return press
        key = keys.signing_key(secret=settings.secret_key)
        if key is None:
            # A view that only reads keeps nothing by itself.
            with nullcontext() if db.is_writing() else door.writes():
                signing_key.ready(settings, at=clock.now())
            # Kept with this transaction or not at all; so it's not held before it was found.
            return _made_with(keys.signing_key(secret=settings.secret_key), settings)
        held.clear()
        held[stamp] = _made_with(key, settings)
        return held[stamp]

    return made


def _made_with(key: SigningKey | None, settings: Settings) -> Press:
    if key is None:
        raise KeyProblem("There is no key to sign with. Start Rounds with lms serve.")
    return Press(
        faces=_faces(settings.instance / "fonts"),
        key=key,
        anchors=key.anchors,
        base_url=settings.base_url,
        zone=settings.zone,
    )


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from its settings, or from the environment's.

    Raises lms.config.BadSetting when a setting can't be meant.
    """
    settings = settings or Settings.from_env(os.environ)
    app = Rounds(
        "lms", template_folder=str(HOME / "templates"), static_folder=str(HOME / "static")
    )
    app.url_map.converters["int"] = door.Identifier
    _configure(app, settings)
    app.session_interface = Cookies(app)
    app.jinja_environment = pages.Environment
    db.init_app(app, connections=settings.database_connections)
    login = Readers()
    login.init_app(app)
    login.user_loader(people.load)
    login.unauthorized_handler(people.unauthorized)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    pages.init_app(app)
    door.init_app(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app


@click.group()
@click.version_option(package_name="rounds-lms", prog_name="Rounds")
def lms() -> None:
    """Rounds, a CME course tracker."""


for _command in (
    backup.backup,
    backup.restore,
    certificate_commands.certificates,
    course_commands.courses,
    database.database,
    demo.demo,
    doctor.doctor,
    people_commands.people,
    serve.serve,
    signing_key.signing_key,
    worker.worker,
):
    lms.add_command(_command)


def main() -> None:
    """Run the command line; a setting that can't be meant is one line and exit status 2."""
    try:
        lms(obj=ScriptInfo(create_app=create_app), prog_name="lms")
    except BadSetting as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(2)
