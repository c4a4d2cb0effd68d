"""Show a name on a web page exactly as the certificate will print it."""

from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from lms.typeset import bidi
from lms.typeset.faces import Faces, Role
from lms.typeset.fontfile import Face
from lms.typeset.names import NAME_BOX, printable
from lms.typeset.shape import Runs, shape, width


def name_svg(text: str, faces: Faces, *, locale: str | None = None) -> str:
    """Answer the name as the certificate will show it: an inline SVG of outlines only.

    The glyphs are those the PDF embeds. Raises ``Unprintable``.
    """
    name = printable(text, NAME_BOX, faces, locale=locale)
    stack = faces.stack(Role.NAME, name.text, locale)
    fitted = name.fitted
    top = fitted.first_baseline(NAME_BOX.height, NAME_BOX.height)
    paths: list[str] = []
    for line, drop in zip(fitted.lines, fitted.drops, strict=True):
        baseline = NAME_BOX.height - top + drop * fitted.size
        runs = shape(line, stack, (), bidi.base_level(name.text))
        paths += _outlines(runs, fitted.size, baseline)
    label = escape(name.text)
    return (
        f'<svg class="name-preview" viewBox="0 0 {NAME_BOX.width:g} {NAME_BOX.height:g}" '
        f'role="img" aria-label={quoteattr(name.text)} xmlns="http://www.w3.org/2000/svg">'
        f"<title>{label}</title>"
        f'<g class="name-preview-ink" fill="currentColor">{"".join(paths)}</g></svg>'
    )


def _outlines(runs: Runs, size: float, baseline: float) -> list[str]:
    """Answer the outlines of a centred line as SVG paths; y grows downwards there."""
    x = (NAME_BOX.width - width(runs) * size) / 2
    paths: list[str] = []
    for run in runs:
        k = size / run.face.upem
        for glyph in run.glyphs:
            steps = _steps(run.face, glyph.number)
            if steps:
                across = x + glyph.right * size / 1000
                down = baseline - glyph.up * size / 1000
                moved = f"matrix({k:.5f} 0 0 {-k:.5f} {across:.2f} {down:.2f})"
                paths.append(f'<path transform="{moved}" d="{steps}"/>')
            x += glyph.advance * size / 1000
    return paths


@lru_cache(512)
def _steps(face: Face, glyph: int) -> str:
    return "".join(
        ("Z" if operator == "h" else operator.upper())
        + " ".join(f"{value:.0f}" for value in values)
        for operator, values in face.outline(glyph)
    )
