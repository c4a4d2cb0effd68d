"""Objects are written as ReportLab's own classes write them, also where they are written ahead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase import pdfdoc

from lms.typeset import objects
from lms.typeset.objects import Array, Dictionary, Literal, Name, Reference, String, settled, stream

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
named = st.sampled_from(["one", "two", "three"])
leaves = st.one_of(
    st.integers(-(10**6), 10**6).map(lambda told: (told, told)),
    st.floats(-5000, 5000).map(lambda told: (told, told)),
    texts.map(lambda told: (String(told), pdfdoc.PDFString(told))),
    keys.map(lambda told: (Name(told), pdfdoc.PDFName(told))),
    named.map(lambda told: (Reference(told), pdfdoc.PDFObjectReference(told))),
)


def _array(pairs: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    return Array([ours for ours, _ in pairs]), pdfdoc.PDFArray([theirs for _, theirs in pairs])


def _dictionary(pairs: dict[str, tuple[Any, Any]]) -> tuple[Any, Any]:
    ours = {key: ours for key, (ours, _) in pairs.items()}
    theirs = {key: theirs for key, (_, theirs) in pairs.items()}
    return Dictionary(ours), pdfdoc.PDFDictionary(theirs)


def _holders(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inside, max_size=33).map(_array),
        st.dictionaries(keys, inside, max_size=20).map(_dictionary),
    )


def document() -> Any:
    """A document in which some things have numbers."""
    made = pdfdoc.PDFDocument(invariant=1)
    for name in ("one", "two", "three"):
        made.Reference(pdfdoc.PDFDictionary({}), name)
    return made


values = _holders(st.recursive(leaves, _holders, max_leaves=25))


@given(values)
def test_values_are_written_as_reportlab_writes_them(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert ours.format(document()) == pdfdoc.format(theirs, document())


@given(values)
def test_what_was_settled_before_takes_the_numbers_of_its_document(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    made = settled(ours)
    other = document()
    for name in ("three", "one", "two"):
        other.idToObjectNumberAndVersion[name] = (40 + len(name), 0)
    for one in (document(), other):
        assert Literal(made).format(one) == pdfdoc.format(theirs, one)


def test_streams_are_settled_only_where_they_refer_to_nothing() -> None:
    made = stream(b"\0" * 50, compress=False, entries={"Part": Name("x")})
    assert Literal(settled(made)).format(document()) == made.format(document())
    with pytest.raises(ValueError, match="streams"):
        settled(stream(b"\0" * 50, compress=False, entries={"Part": Reference("one")}))


def test_a_stream_ends_its_line_before_the_last_word() -> None:
    made = stream("some text", entries={"Length1": 9})
    written = made.format(document())
    assert written.startswith(b"<<\n/Filter [ /FlateDecode ] /Length ")
    assert written.endswith(b"\nendstream\n")
    assert objects.packed(made.packed, {"Length1": 9}).format(document()) == written
