"""Put the application together: the only file that imports every feature."""

import importlib
import os
from pathlib import Path

from flask import Flask
from flask_login import LoginManager
from werkzeug.middleware.proxy_fix import ProxyFix

from lms import db
from lms.config import Settings
from lms import audit, outbox
from lms.web import door, limits, pages, site

HOME = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024


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
        TESTING=settings.testing,
    )
    app.extensions["settings"] = settings


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
    for name in ("people", "courses", "certificates", "learning", "credit", "assignments"):
        importlib.import_module(f"lms.{name}.models")
    for name in ("people.views", "courses.views", "certificates.views", "learning.views.lessons",
                 "learning.views.quiz", "credit.views", "assignments.views", "reports.views"):
        try:
            module = importlib.import_module(f"lms.{name}")
        except ModuleNotFoundError as e:
            if not e.name.startswith("lms."): raise
            continue
        app.register_blueprint(module.bp)
        if name == "people.views":
            login.user_loader(module.load)
            login.unauthorized_handler(module.unauthorized)
    app.register_blueprint(site.bp)
    pages.init_app(app)
    door.init_app(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app
