"""Settings: a frozen dataclass read once from the environment, which refuses nonsense."""

import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_ZONE = ZoneInfo("America/Los_Angeles")


class BadSetting(ValueError):
    """A setting that can't be meant; the message names the variable and says what to give."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed over, from LMS_MAIL_URL."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    encrypted: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the environment decides. Tests build one directly."""

    instance: Path
    database_url: str = field(repr=False)  # may hold a password
    secret_key: str = field(repr=False)
    base_url: str = "http://127.0.0.1:8000"
    zone: ZoneInfo = DEFAULT_ZONE
    mail: MailServer | None = None
    mail_from: str = "Rounds <rounds@localhost>"
    proxy_hops: int = 0
    database_connections: int = 10
    testing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; make the instance folder and its secret.

        Raises BadSetting, naming the variable, for a value that can't be meant.
        """
        instance = _instance(environ)
        return cls(
            instance=instance,
            database_url=_database(environ, instance),
            secret_key=_secret(environ, instance),
            base_url=_base_url(environ),
            zone=_zone(environ),
            mail=_mail(environ),
            mail_from=_mail_from(environ),
            proxy_hops=_hops(environ),
            database_connections=_connections(environ),
        )


def instance_path(environ: Mapping[str, str]) -> Path:
    """Return where the instance folder is, or would be; nothing is made."""
    return Path(environ.get("LMS_INSTANCE") or "instance").expanduser().resolve()


def _instance(environ: Mapping[str, str]) -> Path:
    try:
        instance = instance_path(environ)
    except RuntimeError as error:  # ~name of nobody
        raise BadSetting(f"LMS_INSTANCE: {error}") from None
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Closing a folder that others live in would shut them out of it.
        is_shared = instance.stat().st_mode & stat.S_ISVTX
        if is_shared or instance in {Path("/"), Path.home().resolve()}:
            raise BadSetting(f"LMS_INSTANCE must be a folder of its own, not {instance}")
        instance.chmod(0o700)
    except OSError as error:
        raise BadSetting(f"LMS_INSTANCE: can't use the folder {instance}: {error}") from None
    return instance


def _file(path: Path) -> str:
    """Return the address of a database file; % and ? in a folder's name lead nowhere else."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _database(environ: Mapping[str, str], instance: Path) -> str:
    given = environ.get("LMS_DATABASE_URL") or _file(instance / "rounds.db")
    wrong = BadSetting(
        "LMS_DATABASE_URL must be like postgresql+psycopg://user:password@host/database or "
        "sqlite:////absolute/path.db; leave it out to keep the database in the instance folder"
    )
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise wrong from None
    if url.drivername == "sqlite" and url.database and Path(url.database).is_absolute():
        return given
    if url.drivername == "postgresql+psycopg" and url.database:
        return given
    raise wrong


def _secret(environ: Mapping[str, str], instance: Path) -> str:
    given = environ.get("LMS_SECRET_KEY")
    if given is not None:
        if len(given) < 32 or len(set(given)) < 8:
            raise BadSetting("LMS_SECRET_KEY must have 32 characters or more, drawn at random")
        return given
    file = instance / "secret_key"
    try:
        if not file.exists():
            _make_secret(file)
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"LMS_SECRET_KEY isn't set, and {file} can't be used: {error}") from None
    if len(key) < 32:
        raise BadSetting(
            f"LMS_SECRET_KEY isn't set, and {file} is damaged: remove it to make a new key "
            "(everyone signs in anew)"
        )
    return key


def _make_secret(file: Path) -> None:
    # Written whole beside its place and then linked into it: of several that start at once,
    # one wins, and nobody ever reads half a key.
    own = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
    handle = os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as new:
        new.write(secrets.token_hex(32))
    try:
        file.hardlink_to(own)
    except FileExistsError:
        pass
    finally:
        own.unlink()


def _split(url: str, wrong: BadSetting) -> SplitResult:
    """Take an address apart; raise `wrong` for one without a host or with an impossible port."""
    try:
        parts = urlsplit(url)
        is_port_meant = parts.port != 0
    except ValueError:
        raise wrong from None
    extra = parts.path not in {"", "/"} or parts.query or parts.fragment
    if not is_port_meant or extra or not re.fullmatch(r"[\w.:-]+", parts.hostname or ""):
        raise wrong
    return parts


def _base_url(environ: Mapping[str, str]) -> str:
    if not (url := environ.get("LMS_BASE_URL")):
        return f"http://127.0.0.1:{_port(environ)}"
    wrong = BadSetting("LMS_BASE_URL must be like https://rounds.example.org, without a path")
    parts = _split(url, wrong)
    # Werkzeug's check of the Host header knows no IPv6 literals: such a server would answer nobody.
    is_literal = ":" in (parts.hostname or "")
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or is_literal:
        raise wrong
    return url.rstrip("/")


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT") or "8000"
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise BadSetting("PORT must be a whole number from 1 to 65535")
    return int(text)


def _zone(environ: Mapping[str, str]) -> ZoneInfo:
    name = environ.get("LMS_ZONE") or "America/Los_Angeles"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(f"LMS_ZONE: there is no time zone {name!r}; try Europe/Paris") from None


def _mail(environ: Mapping[str, str]) -> MailServer | None:
    url = environ.get("LMS_MAIL_URL")
    if not url:
        return None
    wrong = BadSetting("LMS_MAIL_URL must be like smtp://user:password@mail.example.org:587")
    parts = _split(url, wrong)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise wrong
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        encrypted=parts.scheme == "smtps",
    )


_ADDRESS = r"[^<>@\s,;]+@[^<>@\s,;]+"


def _mail_from(environ: Mapping[str, str]) -> str:
    sender = environ.get("LMS_MAIL_FROM") or "Rounds <rounds@localhost>"
    if not re.fullmatch(rf"{_ADDRESS}|[^<>\r\n]*<{_ADDRESS}>", sender):
        raise BadSetting("LMS_MAIL_FROM must be an address like Rounds <rounds@example.org>")
    return sender


def _hops(environ: Mapping[str, str]) -> int:
    text = environ.get("LMS_PROXY_HOPS") or "0"
    if not re.fullmatch(r"[0-9]|10", text):
        raise BadSetting("LMS_PROXY_HOPS must be a whole number from 0 to 10")
    return int(text)


def _connections(environ: Mapping[str, str]) -> int:
    text = environ.get("LMS_DATABASE_CONNECTIONS") or "10"
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 0 < int(text) <= 200:
        raise BadSetting("LMS_DATABASE_CONNECTIONS must be a whole number from 1 to 200")
    return int(text)
