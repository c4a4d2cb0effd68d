"""The vendored faces are what the manifest says; others are found where they are installed."""

import hashlib
import json
import logging
import shutil
import struct
from pathlib import Path

import pytest

from lms.typeset.faces import VENDORED, Faces, Role
from lms.typeset.fontfile import Face, Unusable
from tests.typeset.samples import faces, with_cjk

MANIFEST = json.loads((VENDORED / "manifest.json").read_text(encoding="utf-8"))
VENDORED_SCRIPTS = {
    "Latin", "Vietnamese", "Greek", "Cyrillic", "Arabic", "Hebrew", "Devanagari",
}  # fmt: skip


def test_each_vendored_face_is_the_one_in_the_manifest_and_has_its_licence() -> None:
    assert {path.name for path in VENDORED.glob("*.ttf")} == set(MANIFEST)
    for name, told in MANIFEST.items():
        assert hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == told["sha256"]
        licence = (VENDORED / told["licence"]).read_text(encoding="utf-8")
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence
        assert "with Reserved Font Name" not in licence.split("-----")[0]


def test_the_vendored_faces_alone_cover_the_promised_scripts() -> None:
    assert set(faces().scripts()) >= VENDORED_SCRIPTS


@with_cjk
def test_an_installed_cjk_face_adds_its_scripts() -> None:
    added = {"Chinese (simplified)", "Chinese (traditional)", "Japanese", "Korean"}
    assert set(faces().scripts()) >= added


def test_a_face_in_the_folder_of_the_installation_is_found(tmp_path: Path) -> None:
    shutil.copy(VENDORED / "NotoSerifHebrew-Regular.ttf", tmp_path / "Brought.ttf")
    found = Faces.find(tmp_path)
    assert [face.path.name for face in found.others][:1] == ["Brought.ttf"]
    assert found.stack(Role.TEXT)[-len(found.others)].path.name == "Brought.ttf"


def test_a_broken_file_is_left_out_and_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "Broken.ttf").write_bytes(b"this is no font at all")
    (tmp_path / "Cut.ttc").write_bytes(b"ttcf\x00\x01")
    (tmp_path / "Empty.otf").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        found = Faces.find(tmp_path)
    assert "Broken.ttf" in caplog.text
    assert "Empty.otf" in caplog.text
    assert all(face.path.parent != tmp_path for face in found.all())


def test_a_face_whose_licence_bits_forbid_embedding_is_refused(tmp_path: Path) -> None:
    data = bytearray((VENDORED / "NotoSerifHebrew-Regular.ttf").read_bytes())
    (tables,) = struct.unpack_from(">H", data, 4)
    for place in range(12, 12 + 16 * tables, 16):
        if data[place : place + 4] == b"OS/2":
            (start,) = struct.unpack_from(">L", data, place + 8)
            struct.pack_into(">H", data, start + 8, 0x0002)
    (tmp_path / "Locked.ttf").write_bytes(data)
    with pytest.raises(Unusable, match="fsType"):
        Face(tmp_path / "Locked.ttf")
