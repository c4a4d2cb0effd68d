"""Settings: a frozen dataclass read once from the environment, which refuses nonsense."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_ZONE = ZoneInfo("America/Los_Angeles")


class BadSetting(ValueError):
    """A setting that can't be meant; the message names the variable and says what to give."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed over, from LMS_MAIL_URL."""

    host: str
    port: int
    user: str
    password: str
    encrypted: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the environment decides. Tests build one directly."""

    instance: Path
    database_url: str
    secret_key: str
    base_url: str = "http://127.0.0.1:8000"
    zone: ZoneInfo = DEFAULT_ZONE
    mail: MailServer | None = None
    mail_from: str = "Rounds <rounds@localhost>"
    proxy_hops: int = 0
    testing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; make the instance folder and its secret.

        Raises BadSetting, naming the variable, for a value that can't be meant.
        """
        instance = Path(environ.get("LMS_INSTANCE") or "instance").expanduser().resolve()
        try:
            instance.mkdir(mode=0o700, parents=True, exist_ok=True)
            instance.chmod(0o700)
        except OSError as error:
            raise BadSetting(f"LMS_INSTANCE: can't use the folder {instance}: {error}") from None
        return cls(
            instance=instance,
            database_url=_database(environ, instance),
            secret_key=_secret(environ, instance),
            base_url=_base_url(environ),
            zone=_zone(environ),
            mail=_mail(environ),
            mail_from=_mail_from(environ),
            proxy_hops=_hops(environ),
        )


def _database(environ: Mapping[str, str], instance: Path) -> str:
    url = environ.get("LMS_DATABASE_URL") or f"sqlite:///{instance / 'rounds.db'}"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting(
            "LMS_DATABASE_URL must begin with postgresql+psycopg:// or sqlite:///; "
            "leave it out to keep the database in the instance folder"
        )
    return url


def _secret(environ: Mapping[str, str], instance: Path) -> str:
    given = environ.get("LMS_SECRET_KEY")
    if given is not None:
        if len(given) < 32:
            raise BadSetting("LMS_SECRET_KEY must have 32 characters or more")
        return given
    file = instance / "secret_key"
    try:
        with file.open("x", encoding="ascii") as new:
            file.chmod(0o600)
            new.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    key = file.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise BadSetting(f"{file} is damaged: remove it to make a new key (everyone signs in anew)")
    return key


def _base_url(environ: Mapping[str, str]) -> str:
    url = environ.get("LMS_BASE_URL") or f"http://127.0.0.1:{environ.get('PORT') or 8000}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise BadSetting("LMS_BASE_URL must be like https://rounds.example.org, without a path")
    return url.rstrip("/")


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
    parts = urlsplit(url)
    wrong = BadSetting("LMS_MAIL_URL must be like smtp://user:password@mail.example.org:587")
    try:
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise wrong
    return MailServer(
        host=parts.hostname,
        port=port or (465 if parts.scheme == "smtps" else 25),
        user=parts.username or "",
        password=parts.password or "",
        encrypted=parts.scheme == "smtps",
    )


def _mail_from(environ: Mapping[str, str]) -> str:
    sender = environ.get("LMS_MAIL_FROM") or "Rounds <rounds@localhost>"
    if not re.fullmatch(r"[^<>\r\n]*<?[^<>@\s]+@[^<>@\s]+>?", sender):
        raise BadSetting("LMS_MAIL_FROM must be an address like Rounds <rounds@example.org>")
    return sender


def _hops(environ: Mapping[str, str]) -> int:
    text = environ.get("LMS_PROXY_HOPS") or "0"
    if not text.isascii() or not text.isdigit() or int(text) > 10:
        raise BadSetting("LMS_PROXY_HOPS must be a whole number from 0 to 10")
    return int(text)
