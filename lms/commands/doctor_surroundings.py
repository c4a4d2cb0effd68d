"""The doctor's look around the database: mail server, address, fonts, signing key, disk, folder."""

import shutil
import smtplib
import stat
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lms.certificates.queries import keys as queries
from lms.commands import signing_key as keys
from lms.commands.finding import Finding, look, well
from lms.config import Settings
from lms.courses.queries import directory as services
from lms.courses.queries import library as sources
from lms.courses.queries import paths as suggested
from lms.errors import Refused
from lms.outbox import delivery
from lms.typeset.faces import Faces
from lms.typeset.names import NAME_BOX, Unprintable, printable
from lms.typeset.signing import KEY_FILE, KeyProblem, SigningKey, fingerprint_of

DAYS_TO_RENEW: Final = 60
MEGABYTE: Final = 1024 * 1024
FREE_MEGABYTES: Final = 500
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def is_public(settings: Settings) -> bool:
    """Say whether the address is meant for other machines than this one."""
    return urlsplit(settings.base_url).hostname not in LOOPBACK


def address(settings: Settings) -> Finding:
    """Check that the public address is one that readers and proxies can use."""
    if not is_public(settings):
        return well("address", f"{settings.base_url}, for this machine only.")
    if not settings.base_url.startswith("https://"):
        return look(
            "address",
            f"{settings.base_url} is not encrypted; passwords could be read on the way. Put a "
            "proxy with TLS in front and set LMS_BASE_URL to https://…",
        )
    if not settings.proxy_hops:
        return look(
            "address",
            "LMS_PROXY_HOPS is 0, so all readers seem to be the proxy, and one who mistypes a "
            "password often shuts out all. Set it to the number of proxies in front.",
        )
    return well("address", f"{settings.base_url}, behind {settings.proxy_hops} proxy hops.")


def mail_server(settings: Settings) -> Finding:
    """Connect to the mail server and sign in, without sending anything."""
    if settings.mail is None:
        if is_public(settings):
            return look("mail", "LMS_MAIL_URL is not set: nobody gets mail, nor a link to sign in.")
        return well("mail", "No mail server is set; mail stays on the outbox page.")
    where = f"{settings.mail.host}:{settings.mail.port}"
    try:
        with delivery.connect(settings.mail) as link:
            link.noop()
    except (smtplib.SMTPException, OSError) as problem:
        return look("mail", f"{where} does not take mail: {problem}. See LMS_MAIL_URL.")
    return well("mail", f"{where} answers.")


def fonts(faces: Faces) -> Finding:
    """Say in which scripts names can be printed; the faces that come along must be there."""
    scripts = faces.scripts()
    if "Latin" not in scripts:
        return look("fonts", "Latin names can't be printed: the installation is incomplete.")
    return well("fonts", f"Names can be printed in {', '.join(scripts)}.")


def can_print(name: str, locale: str | None, *, faces: Faces) -> bool:
    """Say whether this name has a place on a certificate."""
    try:
        printable(name, NAME_BOX, faces, locale=locale)
    except Unprintable:
        return False
    return True


def signing_key(settings: Settings, *, at: datetime, has_issued: bool) -> Finding:
    """Check that the signing key is there, can be opened, and is valid for some time yet."""
    try:
        brought = keys.brought(settings)
        key = queries.signing_key(secret=settings.secret_key)
    except (KeyProblem, Refused) as problem:
        return look("signing key", str(problem))
    file = settings.instance / keys.FOLDER / KEY_FILE
    if brought is not None:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            return look("signing key", f"Others can read it. Run: chmod 600 {file}")
        if not queries.is_known(fingerprint_of(brought.certificate)):
            return look("signing key", f"{file} is not in use yet; start lms serve anew.")
    if key is None:
        if has_issued:
            return look("signing key", "It is gone, though it signed. Restore a backup.")
        return well("signing key", "There is none yet; lms serve makes it.")
    return _of_its_days(key, at=at) or well(
        "signing key",
        f"{key.describe()['algorithm']}, sealed in the database, "
        f"{(key.certificate.not_valid_after_utc - at).days} days left."
        + (f" {file} is no longer needed." if brought else ""),
    )


def _of_its_days(key: SigningKey, *, at: datetime) -> Finding | None:
    days = (key.certificate.not_valid_after_utc - at).days
    if days < DAYS_TO_RENEW:
        return look(
            "signing key",
            f"Its certificate ends in {days} days. Run: lms signing-key renew; or put one of "
            "your own into the folder signing of the instance and start lms serve anew.",
        )
    if key.certificate.not_valid_before_utc > at:
        return look("signing key", "Its certificate is not valid yet; is the clock right?")
    return None


def directory(settings: Settings) -> Finding:
    """Check that every file of the directory of services can be read, the institution's own too."""
    own = settings.instance / services.OWN
    if problems := services.problems(own):
        rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        return look("directory", f"{problems[0].place}: {problems[0].text}{rest} It is left out.")
    return well("directory", f"{len(services.directory(own).entries)} services are listed.")


def library(settings: Settings) -> Finding:
    """Check that every file of the library can be read, the institution's own too."""
    own = settings.instance / sources.OWN
    if problems := sources.problems(own):
        rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        return look("library", f"{problems[0].place}: {problems[0].text}{rest} It is left out.")
    return well("library", f"{len(sources.library(own).documents)} sources are listed.")


def paths(settings: Settings) -> Finding:
    """Check that the institution's own suggested paths can be read, where it has some."""
    if problems := suggested.problems_of_own(settings.instance, None):
        rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        said = f"{problems[0].place}: {problems[0].text}{rest} No path is shown."
        return look("paths", said)
    whose = "of your own" if suggested.has_own(settings.instance) else "of the product"
    return well("paths", f"{len(suggested.paths(settings.instance))} suggested paths, {whose}.")


def disk(settings: Settings) -> Finding:
    """Check that there is room for records to come."""
    free = shutil.disk_usage(settings.instance).free // MEGABYTE
    if free < FREE_MEGABYTES:
        return look("disk", f"Only {free} MB are free at {settings.instance}. Make room.")
    return well("disk", f"{free / 1024:.1f} GB are free at {settings.instance}.")


def folder(settings: Settings) -> Finding:
    """Check that nobody else can read the instance folder and the secret in it."""
    wide = [
        path
        for path in (settings.instance, settings.instance / "secret_key")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if wide:
        return look("instance", f"Others can read {wide[0]}. Run: chmod go= {wide[0]}")
    return well("instance", f"{settings.instance} is closed to others.")
