"""What a server holds as long as it lives: no library that only a command or a rare page needs."""

import subprocess
import sys

import pytest

NOT_FOR_SERVING = {
    "alembic": "changes tables; lms/commands/steps.py",
    "mako": "comes with Alembic",
    "pygments": "comes with Mako",
    "xlsxwriter": "writes workbooks; lms/tables/writing.py",
    "pyhanko": "checks signed files; lms/typeset/checking.py",
    "aiohttp": "comes with pyHanko",
    "fido2": "reads passkeys; lms/people/rules/webauthn.py",
}


@pytest.fixture(scope="module")
def loaded():
    """The names of what is loaded with the program, before anything is asked of it."""
    said = subprocess.run(
        [sys.executable, "-c", "import sys, lms.app; print(*sys.modules, sep='\\n')"],
        capture_output=True, text=True, timeout=120, check=True,
    )
    return {one.partition(".")[0] for one in said.stdout.split()}


@pytest.mark.parametrize("library", NOT_FOR_SERVING)
def test_the_program_starts_without(library, loaded):
    assert "lms" in loaded
    assert library not in loaded, f"{library} {NOT_FOR_SERVING[library]}"
