"""The floor: what this machine can do with Flask at all, measured in the same sitting.

One route, one ORM point select on SQLite, a Jinja page of 10 KB, served as the product is. No
sign-in, no permissions, no form tokens, no protective headers.
"""

import os
import random
import sys
from pathlib import Path

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROWS = 1000
LINES = 104


class Base(DeclarativeBase):
    """What the one table needs."""


db = SQLAlchemy(model_class=Base)


class Thing(db.Model):
    """A row to look up."""

    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(String(400))


# 10 KB, most of it text as on any page, and a few values that are escaped.
PAGE = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>{{ thing.title }}</title>"
    "</head><body><main><h1>{{ thing.title }}</h1><p>{{ thing.text }}</p><ul>\n"
    + "<li>A line of a page that says something in about a hundred characters, as lines do here.</li>\n"
    * LINES
    + "</ul><p>{{ thing.id }}: {{ thing.title }}</p></main></body></html>\n"
)


def create_app() -> Flask:
    """Build it on the file named by FLOOR_DATABASE."""
    app = Flask("floor")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['FLOOR_DATABASE']}"
    db.init_app(app)
    template = app.jinja_env.from_string(PAGE)

    @app.get("/things/<int:number>")
    def thing(number: int) -> str:
        return render_template(template, thing=db.get_or_404(Thing, number))

    return app


def fill() -> None:
    """Make the table and its rows."""
    app = create_app()
    with app.app_context():
        db.create_all()
        chance = random.Random(7)
        db.session.add_all(
            Thing(id=one, title=f"Thing {one}", text="word " * chance.randrange(20, 60))
            for one in range(1, ROWS + 1)
        )
        db.session.commit()


def serve(port: int) -> None:
    """Serve it with the settings of `lms serve`."""
    Granian(
        "tests.bench.floor:create_app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=2,
        factory=True,
        log_level=LogLevels.warning,
        blocking_threads=2 * (os.cpu_count() or 1),
        backpressure=32,
    ).serve()


if __name__ == "__main__":
    if not Path(os.environ["FLOOR_DATABASE"]).exists():
        fill()
    serve(int(sys.argv[1]))
