"""A series as values: courses that belong together, and what makes the series complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Series:
    """Courses in the order they are shown; `required` of them make it complete, 0 for none."""

    key: str
    title: str
    summary: str
    order: str
    recommended_first: str
    required: int
    courses: tuple[str, ...]
    planned: tuple[str, ...]


def parse_series(content: Mapping[str, Any]) -> Series:
    """Build the series from the content of a published version."""
    return Series(
        key=content["key"],
        title=content["title"],
        summary=content["summary"],
        order=content["order"],
        recommended_first=content.get("recommended_first", ""),
        required=content["required"],
        courses=tuple(content["courses"]),
        planned=tuple(content.get("planned", ())),
    )


def is_complete(series: Series, done: frozenset[str]) -> bool:
    """Say whether enough courses of a series are done; one that requires none has no completion."""
    return 0 < series.required <= len(done & set(series.courses))
