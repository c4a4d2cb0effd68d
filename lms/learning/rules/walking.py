"""The way somebody takes through a branching case, told by the choices made: a pure function."""

from dataclasses import dataclass

from lms.courses.rules.page import CaseBlock, CaseChoice, CaseNode

# More choices than any way through a case has, so that an address is not walked for ever.
STEPS_MOST = 60
BETWEEN = "."


@dataclass(frozen=True, kw_only=True)
class Stride:
    """One choice made at one moment; `path` leads back to the moment before it was made."""

    node: CaseNode
    choice: CaseChoice
    path: str


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Where somebody is in a case, and how they came there."""

    node: CaseNode
    strides: tuple[Stride, ...]

    @property
    def is_over(self) -> bool:
        """Say whether the case has come to an end."""
        return not self.node.choices

    @property
    def path(self) -> str:
        """Return the choices made, as the address has them."""
        return BETWEEN.join(one.choice.id for one in self.strides)

    def onward(self, choice: CaseChoice) -> str:
        """Return the path that a choice at this moment leads to."""
        return BETWEEN.join([*(one.choice.id for one in self.strides), choice.id])


def walk(case: CaseBlock, path: str) -> Walk | None:
    """Return where a path of choices, such as "alone.ask-first", leads; None where there is none.

    The whole state is in the path: nothing is kept, the back button goes back, and two tabs are
    two ways through the case.
    """
    node = case.node(case.start)
    strides: list[Stride] = []
    for choice_id in [one for one in path.split(BETWEEN) if one][:STEPS_MOST]:
        choice = next((one for one in node.choices if one.id == choice_id), None) if node else None
        if node is None or choice is None:
            return None
        before = BETWEEN.join(one.choice.id for one in strides)
        strides.append(Stride(node=node, choice=choice, path=before))
        node = case.node(choice.to)
    return None if node is None else Walk(node=node, strides=tuple(strides))


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A moment on the map of a case: how far it lies from the start, and what leads to it."""

    node: CaseNode
    depth: int
    leads_here: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseMap:
    """A case for its reviewers, by distance from the start; what is wrong stands in words."""

    moments: tuple[Mapped, ...]
    problems: tuple[str, ...]
    ways: int

    @property
    def levels(self) -> tuple[tuple[Mapped, ...], ...]:
        """Return the moments by their distance from the start."""
        most = max((one.depth for one in self.moments), default=-1)
        return tuple(
            tuple(one for one in self.moments if one.depth == depth) for depth in range(most + 1)
        )


def case_map(case: CaseBlock) -> CaseMap:
    """Return the map of a case: every moment at its longest distance from the start."""
    depth: dict[str, int] = {}
    ways: dict[str, int] = {}
    ahead = [(case.start, 0)]
    while ahead:
        own, far = ahead.pop()
        node = case.node(own)
        # A case that runs in circles was never published; the bound only keeps this function sound.
        if node is None or far <= depth.get(own, -1) or far > len(case.nodes):
            continue
        depth[own] = far
        ahead += [(choice.to, far + 1) for choice in node.choices]
    for own in sorted(depth, key=lambda one: depth[one], reverse=True):
        node = case.node(own)
        ways[own] = sum(ways.get(one.to, 0) for one in node.choices) if node else 0
        if node and not node.choices:
            ways[own] = 1
    leads = {
        own: tuple(one.id for one in case.nodes if any(to.to == own for to in one.choices))
        for own in depth
    }
    problems = [f"Nothing leads to {one.id}." for one in case.nodes if one.id not in depth] + [
        f"{one.id} ends without an outcome and a debrief."
        for one in case.nodes
        if not one.choices and not (one.outcome_html and one.debrief_html)
    ]
    moments = sorted(
        (
            Mapped(node=one, depth=depth[one.id], leads_here=leads[one.id])
            for one in case.nodes
            if one.id in depth
        ),
        key=lambda one: one.depth,
    )
    return CaseMap(moments=tuple(moments), problems=tuple(problems), ways=ways.get(case.start, 0))
