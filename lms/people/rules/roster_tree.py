"""Which department a roster's words mean, within what one may fill. Pure."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lms.people.rules import NAME_MOST, path_of, tidy
from lms.people.rules.roster_cells import BadCell

DEEPEST = 12
"""Levels that a path in a roster may have."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A department that there is none of yet: the names to add below what exists."""

    parent_id: int | None
    names: tuple[str, ...]

    @property
    def key(self) -> tuple[int | None, tuple[str, ...]]:
        """Return what makes it the same as another however it's capitalised."""
        return self.parent_id, tuple(name.casefold() for name in self.names)


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The departments, those that take people, and those the actor may fill (None: all)."""

    names: Mapping[int, str]
    parents: Mapping[int, int | None]
    retired: frozenset[int] = frozenset()
    reach: frozenset[int] | None = None
    _paths: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _last: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find every department by its last name."""
        for one in self.names:
            path = path_of(self.names, self.parents, one)
            self._paths[one] = tuple(name.casefold() for name in path)
            if self.reach is None or one in self.reach:
                self._last.setdefault(self._paths[one][-1], []).append(one)

    def path(self, department_id: int | None) -> str:
        """Return a department with the way to it from the top."""
        if department_id is None or department_id not in self.names:
            return ""
        return " › ".join(path_of(self.names, self.parents, department_id))

    def _ending(self, names: tuple[str, ...]) -> list[int]:
        wanted = tuple(name.casefold() for name in names)
        there = self._last.get(wanted[-1], [])
        found = [one for one in there if self._paths[one][-len(wanted) :] == wanted]
        whole = [one for one in found if self._paths[one] == wanted]
        return whole if len(whole) == 1 else found

    def found(self, text: str) -> int | None:
        """Return the department these words mean, or None; raise BadCell when they mean several,
        or one that is retired."""
        for names in ways(text):
            if there := self._ending(names):
                taking = [one for one in there if one not in self.retired]
                if len(taking) > 1:
                    places = "; ".join(sorted(self.path(one) for one in taking)[:5])
                    raise BadCell(f"Several departments have this name. Write one of: {places}.")
                if not taking:
                    raise BadCell("This department is retired and takes nobody any more.")
                return taking[0]
        return None

    def advice(self, text: str) -> str:
        """Return the sentence for words that mean no department."""
        own = "No department of yours" if self.reach is not None else "No department"
        near = difflib.get_close_matches(ways(text)[-1][-1].casefold(), list(self._last), 1, 0.75)
        like = [one for one in (self._last[near[0]] if near else []) if one not in self.retired]
        return f"{own} has this name." + (
            f" Did you mean {self.path(like[0])}?" if like else " Add it first, or mend the name."
        )

    def planned(self, text: str) -> Planned:
        """Return what would have to be added so that these words mean a department."""
        names = tuple(tidy(name) for name in ways(text)[-1])
        if len(names) > DEEPEST or any(not name or len(name) > NAME_MOST for name in names):
            raise BadCell(
                f"A department's name has 1 to {NAME_MOST} characters, its path at most "
                f"{DEEPEST} names."
            )
        for length in range(len(names) - 1, 0, -1):
            if (above := self.found(" › ".join(names[:length]))) is not None:
                return Planned(above, names[length:])
        return Planned(None, names)


def ways(text: str) -> list[tuple[str, ...]]:
    """Return how words may be read: as one name, and as a path from above."""
    whole = (" ".join(text.split()),)
    found: list[tuple[str, ...]] = [whole]
    for separator in (r"\s*[>›»→]\s*", r"\s*/\s*"):
        parts = tuple(" ".join(one.split()) for one in re.split(separator, whole[0]))
        if len(parts) > 1 and all(parts):
            found.append(parts)
            break
    return found
