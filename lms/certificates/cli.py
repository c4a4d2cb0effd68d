"""`lms certificates verify`: the verdict on a file, without a network, or on a code."""

import json
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DatabaseError

from lms import clock
from lms.certificates import queries
from lms.certificates.queries import Certificate, FileReport, Verdict
from lms.certificates.rules.ledger import State

LARGEST = 8_000_000  # bytes; no certificate comes near it


@click.group("certificates")
def certificates() -> None:
    """Certificates that were issued."""


@certificates.command("verify")
@click.argument("target", metavar="FILE|CODE")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@with_appcontext
def verify(target: str, as_json: bool) -> None:
    """Say whether a certificate FILE.pdf, or a CODE, is what was issued here and still stands.

    Of a file everything is checked: the signature, that it covers the whole file, that the
    attached facts and the bytes are those of the ledger, and that the certificate stands.
    Exit status 0 only when all of it agrees.
    """
    path = Path(target)
    if not path.is_file() and _names_a_file(path):
        raise click.UsageError(f"There is no file {target}.")
    try:
        told, good = _of_file(path) if path.is_file() else _of_code(target)
    except DatabaseError as problem:
        raise click.ClickException(
            f"The ledger can't be read ({type(problem.orig).__name__}). Run lms doctor."
        ) from None
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _say(told)
    raise SystemExit(0 if good else 1)


def _names_a_file(path: Path) -> bool:
    """Say whether a file was meant; an address that ends in a code has folders, too."""
    return path.suffix.lower() == ".pdf" or (len(path.parts) > 1 and "verify" not in path.parts)


def _of_file(path: Path) -> tuple[dict[str, Any], bool]:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as problem:
        raise click.UsageError(f"{path} can't be read: {problem.strerror}.") from None
    press = current_app.extensions["press"]()
    report: FileReport = queries.verify_file(content, press.anchors, at=clock.now())
    signature = report.signature
    told = {
        "file": str(path),
        "valid": report.holds,
        "state": report.state.value,
        "signature": {
            "intact": signature.intact,
            "trusted": signature.trusted,
            "whole_file": signature.whole_file,
            "modified": signature.modified,
            "signed_at": signature.signed_at.isoformat() if signature.signed_at else None,
        },
        "problems": report.problems,
        "certificate": _certificate(report.certificate),
    }
    return told, report.holds


def _of_code(code: str) -> tuple[dict[str, Any], bool]:
    verdict = queries.by_code(code, at=clock.now())
    problems = _problems(verdict)
    told = {
        "code": verdict.code,
        "valid": not problems,
        "state": verdict.state.value,
        "problems": problems,
        "certificate": _certificate(verdict.certificate),
    }
    return told, not problems


def _problems(verdict: Verdict) -> list[str]:
    one = verdict.certificate
    if one is None:
        return [f"No certificate here carries the code {verdict.code}. {verdict.slip}".strip()]
    if one.ending is not None:
        by = f" by {one.ending.replaced_by}" if one.ending.replaced_by else ""
        return [f"It was {one.ending.state}{by} on {one.ending.at:%Y-%m-%d}: {one.ending.reason}"]
    if one.state == State.EXPIRED:
        return [f"It expired: its last day was {one.facts.expires_on}."]
    return []


def _certificate(one: Certificate | None) -> dict[str, str] | None:
    """Return what the paper shows, for those who hold it."""
    if one is None:
        return None
    return {
        "serial": one.serial,
        "code": one.facts.code,
        "name": one.facts.person_name,
        "title": one.facts.title,
        "credit": one.credit,
        "completed": one.facts.completed_on,
        "issued": one.facts.issued_on,
        "issuer": one.facts.issuer_name,
    }


def _say(told: dict[str, Any]) -> None:
    for problem in told["problems"]:
        click.echo(problem)
    one = told["certificate"]
    if one is not None:
        click.echo(f"{one['serial']}: {one['name']}, {one['credit']}, {one['title']}")
        click.echo(f"Completed {one['completed']}, issued {one['issued']} by {one['issuer']}.")
    if told["valid"]:
        click.echo("Valid: everything agrees with the ledger." if "file" in told else "Valid.")
