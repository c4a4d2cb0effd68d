"""Put the application together: the only file that imports every feature."""

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo
from flask_login import LoginManager
from werkzeug.middleware.proxy_fix import ProxyFix

import importlib
from lms import audit, clock, db, outbox
from lms.config import BadSetting, Settings
from lms.web import door, limits, pages, site

def _try(name):
    try:
        return importlib.import_module(f"lms.{name}")
    except (ModuleNotFoundError, ImportError) as e:
        print("NOT YET:", name, e, file=sys.stderr)
        return None
for _n in ("people", "courses", "certificates", "learning", "credit", "assignments"):
    importlib.import_module(f"lms.{_n}.models")
_mods = [_try(n) for n in ("people.views","courses.views","certificates.views","learning.views.lessons","learning.views.quiz","credit.views","assignments.views","reports.views")]
people = _mods[0]
_cmds = [(_try(n), a) for n, a in (("commands.backup","backup"),("commands.backup","restore"),("certificates.cli","certificates"),("courses.cli","courses"),("commands.database","database"),("commands.demo","demo"),("commands.doctor","doctor"),("people.cli","people"),("commands.serve","serve"),("commands.worker","worker"))]

HOME = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
BLUEPRINTS = tuple(m.bp for m in _mods if m) + (site.bp,)


def _configure(app: Flask, settings: Settings) -> None:
    secure = settings.base_url.startswith("https://")
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="__Host-rounds" if secure else "rounds",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Two hours without a request, and the cookie is worth nothing.
        PERMANENT_SESSION_LIFETIME=2 * 60 * 60,
        MAX_CONTENT_LENGTH=2 * MEGABYTE,
        MAX_FORM_PARTS=500,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=24 * 60 * 60,
        TRUSTED_HOSTS=_hosts(settings),
        TESTING=settings.testing,
    )
    app.extensions["settings"] = settings
    app.extensions["press"] = _press(settings)


def _hosts(settings: Settings) -> list[str]:
    """Return the names this server answers under; any other Host header is refused."""
    host = settings.base_url.partition("://")[2].rpartition(":")[0]
    public = host or settings.base_url.partition("://")[2]
    return list(dict.fromkeys([public, "localhost", "127.0.0.1", "[::1]"]))


def _press(settings: Settings) -> Callable:
    """Return a function that makes the press when it's first needed, and keeps it.

    Faces and key take a third of a second to load, which a command that prints nothing need
    not wait for.
    """

    @cache
    def made():
        from lms.certificates.operations import Press
        from lms.typeset.faces import Faces
        from lms.typeset.signing import KEY_FILE, SigningKey
        folder = settings.instance / "signing"
        if not (folder / KEY_FILE).exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            SigningKey.create(folder, "Rounds", clock.now())
        key = SigningKey.load(folder)
        return Press(
            faces=Faces.find(settings.instance / "fonts"),
            key=key,
            anchors=key.anchors,
            base_url=settings.base_url,
            zone=settings.zone,
        )

    return made


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from its settings, or from the environment's.

    Raises lms.config.BadSetting when a setting can't be meant.
    """
    settings = settings or Settings.from_env(os.environ)
    app = Flask(
        "lms", template_folder=str(HOME / "templates"), static_folder=str(HOME / "static")
    )
    _configure(app, settings)
    db.init_app(app)
    login = LoginManager()
    login.init_app(app)
    if people:
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


for _m, _a in _cmds:
    if _m and hasattr(_m, _a):
        lms.add_command(getattr(_m, _a))


def main() -> None:
    """Run the command line; a setting that can't be meant is one line and exit status 2."""
    try:
        lms(obj=ScriptInfo(create_app=create_app), prog_name="lms")
    except BadSetting as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(2)
