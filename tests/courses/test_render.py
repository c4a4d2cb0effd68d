"""Pages as they are rendered: the design's shapes, and nothing hostile gets through."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lms.courses.rules import svg
from lms.courses.rules.render import Page, line, paragraphs
from lms.courses.rules.render_course import rendered
from tests.courses.tiny import tiny, tiny_course


def page_of(text: str, **files: bytes) -> str:
    draft = tiny()
    draft.texts["lessons/01-moments.md"] = text
    draft.media |= {f"media/{name}.svg": data for name, data in files.items()}
    lesson = rendered(draft.folder(), {})["lessons"]["moments"]
    return "".join(block.get("html", "") for block in lesson["blocks"])


def test_a_figure_has_the_shape_of_the_design():
    (block,) = rendered(tiny_course(), {})["lessons"]["soap"]["blocks"]
    html = re.sub(r">\s+<", "><", block["html"])
    assert (
        '<figure aria-labelledby="fig-1"><p id="fig-1">Washes seen per hour on an invented ward</p>'
        '<svg viewBox="0 0 720 100" role="img" aria-label="Two bars, the second twice as long as '
        'the first" aria-describedby="fig-1-table"><rect class="fill-1"'
    ) in html
    assert '<table id="fig-1-table"><thead><tr><th scope="col">Week</th>' in html
    assert '<th scope="col" class="num">Washes</th>' in html
    assert '<td class="num">4</td>' in html
    assert "<figcaption>Source: an invented ward, 2020." in html


def test_citations_are_numbered_by_their_first_use_on_the_page():
    lesson = rendered(tiny_course(), {})["lessons"]["soap"]
    html = lesson["blocks"][0]["html"]
    assert 'enough.<a role="doc-noteref" href="#ref-1" aria-label="Reference 1">1</a>' in html
    assert [(one["number"], one["id"]) for one in lesson["references"]] == [
        (1, "who-2009"), (2, "ward-2020"),
    ]  # fmt: skip
    assert "<em>Guidelines on Hand Hygiene</em>" in lesson["references"][0]["html"]
    assert 'rel="noopener external"' in lesson["references"][0]["html"]


def test_knowledge_checks_stand_as_blocks_where_they_stand_in_the_flow():
    blocks = rendered(tiny_course(), {})["lessons"]["moments"]["blocks"]
    assert [block["kind"] for block in blocks] == ["html", "check", "html"]
    check = blocks[1]
    assert check["id"] == "door"
    assert [(one["id"], one["right"]) for one in check["options"]] == [("a", True), ("b", False)]
    assert check["options"][0]["feedback_html"] == "<p>That is the first moment.</p>"


def test_boxes_work_without_script():
    html = page_of(
        "::: sensitive Describes threats\nProse.\n:::\n\n::: callout\nKeep it.\n:::\n\n"
        "::: dialogue At the sink\n**Nurse:** Hello.\n:::\n"
    )
    html = re.sub(r">\s+<", "><", html)
    assert (
        '<details class="sensitive"><summary>Content note: Describes threats</summary>'
        "<p>Prose.</p></details>"
    ) in html
    assert '<aside class="callout"><p>Keep it.</p></aside>' in html
    assert (
        '<figure class="dialogue" aria-labelledby="fig-1"><p id="fig-1" class="title">At the sink'
        "</p><p><strong>Nurse:</strong> Hello.</p></figure>"
    ) in html


def test_links_to_lessons_and_elsewhere():
    html = page_of("[a](lesson:soap#soap) [b](https://example.org/?a=1&b=2) [c](tel:988) [d](#x)")
    assert '<a href="/courses/tiny/lessons/soap#soap">a</a>' in html
    assert '<a href="https://example.org/?a=1&amp;b=2" rel="noopener external">b</a>' in html
    assert '<a href="tel:988">c</a>' in html
    assert '<a href="#x">d</a>' in html


def test_headings_get_ids_that_are_never_twice_the_same():
    draft = tiny()
    draft.texts["lessons/01-moments.md"] = "## Über uns {#a}\n\n## Über uns\n\n### Über uns\n"
    lesson = rendered(draft.folder(), {})["lessons"]["moments"]
    assert [one["id"] for one in lesson["headings"]] == ["a", "uber-uns", "uber-uns-2"]
    assert '<h2 id="a">Über uns</h2>' in lesson["blocks"][0]["html"]


def test_items_of_every_kind_are_rendered():
    items = rendered(tiny_course(), {})["items"]
    assert items["visible-soil"]["options"]["a"]["text_html"] == "Soap and water"
    assert items["tools"]["pairs"]["p1"]["right_html"] == "Soiled hands"
    assert items["a-visit"]["nodes"]["well"]["outcome_html"] == "Clean hands"
    assert items["a-visit"]["nodes"]["door"]["choices"]["rub"]["text_html"] == "Rub hands"
    assert items["steps"]["references"][0]["id"] == "who-2009"


def test_a_text_in_a_line_stays_in_a_line():
    assert line("First *part*.\n\nSecond.", Page("x")) == "First <em>part</em>.<br><br>Second."


def test_quotation_marks_are_set_as_a_printer_would():
    html = paragraphs("\"It's late\", she said: 'no'.", Page("x"))
    assert html == "<p>“It’s late”, she said: ‘no’.</p>"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](x.png\"onerror=\"alert(1))",
    "![x\" onerror=\"alert(1)](media/washes.svg)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](//evil.example)",
    "<javascript:alert(1)>",
    "[x](https://a.example/\"onmouseover=\"alert(1))",
    "[x](lesson:soap\"onmouseover=\"alert(1))",
    "## x {#a\"onclick=\"alert(1)}",
    "<svg><script>alert(1)</script></svg>",
    "<style>body{display:none}</style>",
    "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><input></form>",
    "::: figure <script>alert(1)</script>\n![<img onerror=alert(1)>](media/washes.svg)\n\nx\n:::",
    "::: sensitive <img src=x onerror=alert(1)>\nx\n:::",
    "::: dialogue \"><script>alert(1)</script>\nx\n:::",
    "[@who-2009\"><script>alert(1)</script>]",
    "```js\n</code><script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "| a |\n| :-: |\n| <script>x</script> |",
    "\ue0000\ue001 <b style=\"color:red\">x</b>",
]  # fmt: skip


def assert_harmless(html: str) -> None:
    tags = re.findall(r"<[^>]*>", html)
    for tag in tags:
        assert not re.match(r"</?\s*(script|style|iframe|object|embed|form|input|base|meta|link)",
                            tag, re.I), tag  # fmt: skip
        outside_quotes = re.sub(r'"[^"]*"', '""', tag)
        assert not re.search(r"\s(on\w+|style|srcdoc|formaction)\s*=", outside_quotes, re.I), tag
        for value in re.findall(r'(?:href|src)="([^"]*)"', tag):
            assert re.match(r"(https?:|mailto:|tel:|sms:|/(?!/)|#)", value), tag


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_is_made_harmless(text: str):
    draft = tiny()
    draft.course["references"].append(
        {"id": 'who-2009"><script>alert(1)</script>', "text": text, "year": 2020}
    )
    draft.texts["lessons/01-moments.md"] = text
    draft.items[0]["stem"] = text
    draft.items[0]["options"][0]["rationale"] = text
    whole = rendered(draft.folder(), {})
    for block in whole["lessons"]["moments"]["blocks"]:
        assert_harmless(block["html"])
    assert_harmless(whole["items"]["first-moment"]["stem_html"])
    assert_harmless(whole["items"]["first-moment"]["options"]["a"]["rationale_html"])
    assert_harmless(whole["references"][-1]["html"])


@given(
    some.text(alphabet=some.sampled_from(list("<>\"'&;:=()[]!@#*`|\n {}/ajsonscript\ue000\ue0010")))
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_is_harmless(text: str):
    assert_harmless(paragraphs(text, Page("x", drawings={"a": '<svg viewBox="0 0 9 9"/>'})))
    assert_harmless(line(text, Page("x")))


SVG = '<svg viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">{}</svg>'
HOSTILE_DRAWINGS = [
    SVG.format("<script>alert(1)</script>"),
    SVG.format("<foreignObject><body onload='alert(1)'/></foreignObject>"),
    SVG.format("<style>*{display:none}</style>"),
    SVG.format('<rect style="fill:red" onclick="alert(1)" width="3"/>'),
    SVG.format('<a href="javascript:alert(1)"><text>x</text></a>'),
    SVG.format('<image href="https://evil.example/x.png"/>'),
    SVG.format('<use href="#x"/><animate attributeName="href"/>'),
    SVG.format('<rect fill="url(https://evil.example)" class="label evil"/>'),
    SVG.format('<path d="M0 0 url(x)"/><text id="x" font-family="x">x</text>'),
    SVG.format("<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>"),
    '<svg viewBox="0 0 9 9" onload="alert(1)" width="9"></svg>',
    '<svg viewBox="0 0 9 9" xmlns:x="http://www.w3.org/1999/xlink"><g x:href="y"/></svg>',
    '<svg viewBox="0 0 9 9" xmlns:h="http://www.w3.org/1999/xhtml"><h:script>x</h:script></svg>',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_DRAWINGS)
def test_a_hostile_drawing_is_told_and_what_is_written_is_harmless(text: str):
    if "&lt;" not in text:
        assert list(svg.problems(text))
    written = svg.drawing(text, alt='"><script>alert(1)</script>')
    assert_harmless(written)
    assert not re.search(r"script>|foreign|<style|evil|url|href|font|id=", written.replace(
        "&lt;script&gt;", "").replace("&lt;/script&gt;", "")), written  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg viewBox="0 0 9 9">&a;</svg>',
        "<html/>",
        "<svg",
        "",
        "<svg viewBox='0 0 9 9'>" + "<g>" * 60 + "</g>" * 60 + "</svg>",
    ],
)
def test_what_is_no_drawing_is_told_and_leaves_the_page_whole(text: str):
    assert list(svg.problems(text))
    with pytest.raises(svg.NotADrawing):
        svg.drawing(text, alt="x")
    assert page_of("::: figure X\n![x](media/bad.svg)\n\nText.\n:::\n", bad=text.encode())


def test_pictures_are_served_under_their_digest():
    draft = tiny()
    draft.media["media/sink.png"] = b"\x89PNG\r\n\x1a\n"
    draft.texts["lessons/01-moments.md"] = "![A sink](media/sink.png)"
    html = rendered(draft.folder(), {"media/sink.png": "ab12"})["lessons"]["moments"]["blocks"][0]
    assert html["html"] == '<p><img src="/media/ab12" alt="A sink"></p>\n'
