"""The list on a department's page: who stands where with which assignment, a page at a time."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lms.assignments import queries as assignments
from lms.assignments.queries import Asked, Tree, listed
from lms.assignments.queries import figures as counted
from lms.assignments.queries.figures import Figures, Scope, Tally
from lms.assignments.queries.listed import Kind, Stretch
from lms.assignments.rules import URGENCY, State, state_of

UNFINISHED: Final = "unfinished"
"""Where somebody stands with an assignment that was closed before they finished it."""

_RANK: Final = {**{state.value: place for state, place in URGENCY.items()}, UNFINISHED: 2.5}
NUDGE: Final = frozenset({State.OVERDUE.value, State.SOON.value})
ALL: Final = frozenset(_RANK)
LEFT: Final = frozenset({State.OVERDUE.value, State.SOON.value, State.OPEN.value})


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address of a department's page asks for."""

    name: str = ""
    assignment: int | None = None
    state: str = "nudge"
    only: int | None = None
    page: int = 1
    counts_exempt: bool = False
    shows_closed: bool = False

    @property
    def states(self) -> frozenset[str]:
        """Return the states that the list shows."""
        return {"nudge": NUDGE, "all": ALL, "left": LEFT}.get(self.state, frozenset({self.state}))


@dataclass(frozen=True, kw_only=True)
class Section:
    """The people of one kind for one assignment: a stretch of the list, and its size."""

    asked: Asked
    kind: Kind
    state: str
    size: int


def state_of_kind(one: Asked, kind: Kind, *, today: date) -> str:
    """Return where people of a kind stand with an assignment: for those left the day decides."""
    if kind is Kind.LEFT and one.closed_at is not None:
        return UNFINISHED
    return state_of(
        is_met=kind is Kind.COMPLETE, is_exempt=kind is Kind.EXEMPT, due_on=one.due_on, today=today
    ).value


def _sizes(tally: Tally) -> dict[Kind, int]:
    return {Kind.LEFT: tally.left, Kind.COMPLETE: tally.complete, Kind.EXEMPT: tally.exempt}


def sections(
    asked: Sequence[Asked],
    figures: Figures,
    department_ids: Collection[int],
    *,
    today: date,
) -> list[Section]:
    """Return the sections that are not empty: urgent first, then by due day, course and kind."""
    found = [
        Section(asked=one, kind=kind, state=state_of_kind(one, kind, today=today), size=size)
        for one in asked
        for kind, size in _sizes(figures.of(one.id, department_ids)).items()
        if size
    ]
    return sorted(
        found,
        key=lambda part: (
            _RANK[part.state], part.asked.due_on, part.asked.title, part.asked.id,
        ),
    )  # fmt: skip


def wanted(found: Iterable[Section], filters: Filters) -> list[Section]:
    """Return the sections that the filters let through."""
    return [
        one
        for one in found
        if one.state in filters.states
        and (
            one.asked.id == filters.assignment
            if filters.assignment is not None
            else one.asked.closed_at is None or filters.shows_closed
        )
    ]


def stretches(found: Sequence[Section], *, start: int, size: int) -> list[Stretch]:
    """Cut the part of a list from a line on, so many lines long, into stretches of its sections."""
    cut, end, before = [], start + size, 0
    for one in found:
        first, last = max(start - before, 0), min(end - before, one.size)
        if first < last:
            cut.append(
                Stretch(asked=one.asked, kind=one.kind, start=first, size=last - first, of=one.size)
            )
        before += one.size
    return cut


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """A department's list as its filters leave it."""

    scope: Scope
    everything: Tree
    sections: tuple[Section, ...]

    @property
    def size(self) -> int:
        """Return how many lines it has."""
        return sum(one.size for one in self.sections)


def asked_of(department_ids: frozenset[int], everything: Tree, *, closed: bool) -> list[Asked]:
    """Return what concerns these departments, also when asked of a department above them."""
    above = {one for place in department_ids for one in everything.above(place)}
    return assignments.open_assignments(above, chosen_in=department_ids, with_closed=closed)


def narrowed(
    asked: Sequence[Asked],
    department_ids: frozenset[int],
    everything: Tree,
    filters: Filters,
    *,
    today: date,
    known: Figures | None = None,
) -> Narrowed:
    """Return the list of some departments as filters leave it; `known` are figures without any."""
    places = department_ids if filters.only is None else department_ids & {filters.only}
    scope = Scope(department_ids=places, name=filters.name)
    figures = known
    if figures is None or filters.name.strip():
        figures = counted.figures(asked, scope, everything)
    found = wanted(sections(asked, figures, places, today=today), filters)
    return Narrowed(scope=scope, everything=everything, sections=tuple(found))


def people_of(found: Narrowed) -> frozenset[int]:
    """Return everybody of whom the list has a line."""
    whole = [
        Stretch(asked=one.asked, kind=one.kind, start=0, size=one.size, of=one.size)
        for one in found.sections
    ]
    return listed.who(whole, found.scope, found.everything)
