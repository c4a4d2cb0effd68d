"""Broken content can't be merged: every course of the repository passes the strict check."""

from click.testing import CliRunner

from lms.courses.cli import courses


def test_every_course_passes_the_strict_check():
    checked = CliRunner().invoke(courses, ["check", "--strict", "--on", "2026-11-21"])
    assert checked.exit_code == 0, checked.output
