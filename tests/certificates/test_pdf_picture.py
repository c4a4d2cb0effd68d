"""The certificate as a picture: nothing blank, nothing outside, and a code that can be read."""

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest

from tests.typeset.samples import SAMPLES, URL, WITHOUT_CJK_FACE, faces, needs_cjk, signed

REFERENCE = Path(__file__).parent.parent / "typeset" / "plain.png"


def picture(pdf: bytes, dpi: int = 100) -> np.ndarray:
    """The page in grey, as PDFium draws it."""
    document = pypdfium2.PdfDocument(pdf)
    drawn = document[0].render(scale=dpi / 72, grayscale=True).to_numpy()
    grey = np.array(drawn).reshape(drawn.shape[0], drawn.shape[1])
    document.close()
    return grey


def test_the_page_looks_as_the_stored_picture() -> None:
    stored = cv2.imread(str(REFERENCE), cv2.IMREAD_GRAYSCALE)
    assert stored is not None
    drawn = picture(signed("plain"), 72)
    assert drawn.shape == stored.shape
    # Another release of the renderer may smooth edges otherwise; a moved word differs much more.
    difference = np.abs(drawn.astype(int) - stored.astype(int))
    assert difference.mean() < 1.0
    assert (cv2.blur(difference.astype(np.uint8), (9, 9)) < 60).all()


@pytest.mark.parametrize("sample", list(SAMPLES))
def test_case_09_ink_stays_inside_the_frame_and_the_name_is_not_blank(sample: str) -> None:
    if needs_cjk(SAMPLES[sample]) and not faces().national:
        pytest.skip(WITHOUT_CJK_FACE)
    pdf = signed(sample)
    grey = picture(pdf, 144)  # two pixels a point

    def area(left: float, bottom: float, right: float, top: float) -> np.ndarray:
        return grey[
            round((612 - top) * 2) : round((612 - bottom) * 2), round(left * 2) : round(right * 2)
        ]

    name = area(86, 368, 706, 421)
    assert (name < 100).mean() > 0.005
    assert (area(0, 0, 792, 26) == 255).all()
    assert (area(0, 0, 26, 612) == 255).all()
    if not SAMPLES[sample].specimen:
        assert (area(33, 366, 85, 425) == 255).all()  # left and right of the name box
        assert (area(707, 366, 759, 425) == 255).all()
        assert (area(600, 98, 641, 185) == 255).all()  # the quiet zone of the QR code


@pytest.mark.parametrize("sample", ["plain", "long", "name ar 5", "name zh-CN 9"])
def test_poppler_draws_the_name_as_pdfium_does(sample: str, tmp_path: Path) -> None:
    tool = shutil.which("pdftoppm")
    if tool is None:
        pytest.skip("The page was not drawn with poppler; on Debian: apt install poppler-utils")
    if needs_cjk(SAMPLES[sample]) and not faces().national:
        pytest.skip(WITHOUT_CJK_FACE)
    pdf = signed(sample)
    (tmp_path / "one.pdf").write_bytes(pdf)
    command = [tool, "-r", "100", "-gray", "-png", "-singlefile", "one.pdf", "one"]
    subprocess.run(command, cwd=tmp_path, check=True)
    other = cv2.imread(str(tmp_path / "one.png"), cv2.IMREAD_GRAYSCALE)
    assert other is not None
    one = picture(pdf, 100)
    rows, columns = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    blurred = [cv2.blur(page[:rows, :columns], (15, 15)).astype(int) for page in (one, other)]
    assert np.abs(blurred[0] - blurred[1]).max() < 60


@pytest.mark.parametrize("sample", ["plain", "specimen"])
def test_the_code_leads_to_the_verification_page(sample: str) -> None:
    page = picture(signed(sample), 300)
    corner = page[-round(190 * 300 / 72) : -round(90 * 300 / 72), round(630 * 300 / 72) :]
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(corner)
    assert text == URL
