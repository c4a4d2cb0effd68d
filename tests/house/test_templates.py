"""Each page is named after an endpoint, nothing inline gets past the policy, no macro lies idle."""

import re
from pathlib import Path

import pytest
from flask import Flask

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_inline_script_style_or_handler(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:|[\"'(]data:", text), path
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_every_form_that_changes_something_carries_a_token(path: Path):
    text = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.S | re.I):
        assert re.search(r"csrf\(\)|csrf_token|hidden_tag\(\)", form), form[:200]


def test_each_page_is_named_after_an_endpoint(app: Flask):
    endpoints = set(app.view_functions)
    for path in PAGES:
        relative = path.relative_to(TEMPLATES)
        if path.name.startswith("_") or relative.parts[0] in {"errors"}:
            continue
        assert f"{relative.parts[0]}.{path.stem}" in endpoints, f"{relative}: no such endpoint"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_the_frame_and_a_page_never_give_one_name_to_two_things(path: Path):
    # What the layout sets holds in the blocks of every page, over what the page set itself.
    found = re.findall(r"{%-?\s*set ([\w, ]+?)\s*(?:=|-?%})", path.read_text(encoding="utf-8"))
    for name in (one.strip() for names in found for one in names.split(",")):
        assert name.startswith("frame_") == (path.name == "_layout.html"), name


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_macro_is_imported_in_vain(path: Path):
    text = path.read_text(encoding="utf-8")
    for names in re.findall(r"{%-? from \"[^\"]+\" import ([^%]+?)(?: with context)?\s*-?%}", text):
        for name in (n.strip().split(" as ")[-1] for n in names.split(",")):
            assert len(re.findall(rf"\b{re.escape(name)}\b", text)) > 1, f"{name} is not used"
