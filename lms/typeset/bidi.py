"""Find the direction of each character of one line, after Unicode Standard Annex 9.

Explicit embeddings, overrides and isolates are not handled: the rule for names refuses them before
anything is drawn. What remains are the rules P2 to P3, W1 to W7, N0 to N2, I1 to I2 and L1 to L2.
"""

from typing import Final, Protocol, TypeVar
from unicodedata import bidirectional, normalize

# Opening and closing brackets in turn (BidiBrackets.txt of Unicode).
_BRACKETS: Final = (
    "()[]{}\u0f3a\u0f3b\u0f3c\u0f3d\u169b\u169c"
    "\u2045\u2046\u207d\u207e\u208d\u208e\u2308\u2309\u230a\u230b\u3008\u3009"
    "\u2768\u2769\u276a\u276b\u276c\u276d\u276e\u276f\u2770\u2771\u2772\u2773"
    "\u2774\u2775\u27c5\u27c6\u27e6\u27e7\u27e8\u27e9\u27ea\u27eb\u27ec\u27ed"
    "\u27ee\u27ef\u2983\u2984\u2985\u2986\u2987\u2988\u2989\u298a\u298b\u298c"
    "\u298d\u298e\u298f\u2990\u2991\u2992\u2993\u2994\u2995\u2996\u2997\u2998"
    "\u29d8\u29d9\u29da\u29db\u29fc\u29fd\u2e22\u2e23\u2e24\u2e25\u2e26\u2e27"
    "\u2e28\u2e29\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f\u3010\u3011"
    "\u3014\u3015\u3016\u3017\u3018\u3019\u301a\u301b\ufe59\ufe5a\ufe5b\ufe5c"
    "\ufe5d\ufe5e\uff08\uff09\uff3b\uff3d\uff5b\uff5d\uff5f\uff60\uff62\uff63"
)
_OPENING: Final = dict(zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True))
_CLOSING: Final = frozenset(_OPENING.values())
_RIGHT: Final = frozenset({"R", "EN", "AN"})
_STEPS: Final = ({"R": 1, "AN": 2, "EN": 2}, {"L": 1, "AN": 1, "EN": 1})


class Levelled(Protocol):
    """Something with an embedding level, such as a run of glyphs."""

    @property
    def level(self) -> int:
        """Answer the embedding level; odd levels read from right to left."""


Item = TypeVar("Item", bound=Levelled)


def base_level(text: str) -> int:
    """Answer 0 when the first strong character reads left to right (or none is strong), else 1."""
    for character in text:
        kind = bidirectional(character)
        if kind in ("L", "R", "AL"):
            return 0 if kind == "L" else 1
    return 0


def levels(text: str, base: int | None = None) -> list[int]:
    """Answer the embedding level of each character of a line, in logical order."""
    start = base_level(text) if base is None else base
    raw = [bidirectional(character) or "L" for character in text]
    if start == 0 and not any(kind in ("R", "AL", "AN") for kind in raw):
        return [0] * len(text)
    edge = "R" if start else "L"
    kinds = _weak(raw, edge)
    _brackets(text, raw, kinds, edge)
    _neutral(kinds, edge)
    found = [start + _STEPS[start].get(kind, 0) for kind in kinds]
    for place in range(len(raw) - 1, -1, -1):  # L1
        if raw[place] not in ("WS", "S", "B"):
            break
        found[place] = start
    return found


def visual(runs: list[Item]) -> list[Item]:
    """Put runs given in logical order into the order in which they stand on paper (rule L2)."""
    order = list(runs)
    highest = max((run.level for run in order), default=0)
    lowest = min((run.level for run in order if run.level % 2), default=highest + 1)
    for level in range(highest, lowest - 1, -1):
        for start, stop in _stretches([run.level >= level for run in order]):
            order[start:stop] = order[start:stop][::-1]
    return order


def _stretches(flags: list[bool]) -> list[tuple[int, int]]:
    """Answer the half-open ranges over which the flags hold."""
    found: list[tuple[int, int]] = []
    start = None
    for place, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = place
        elif not flag and start is not None:
            found.append((start, place))
            start = None
    return found


def _weak(raw: list[str], edge: str) -> list[str]:
    """Resolve weak types: the rules W1 to W7."""
    kinds = _marks_and_numbers(raw, edge)
    for place in range(1, len(kinds) - 1):  # W4
        before, kind, after = kinds[place - 1 : place + 2]
        if (kind == "ES" and before == after == "EN") or (
            kind == "CS" and before == after and before in ("EN", "AN")
        ):
            kinds[place] = before
    for start, stop in _stretches([kind == "ET" for kind in kinds]):  # W5, W6
        beside = kinds[start - 1 : start] + kinds[stop : stop + 1]
        kinds[start:stop] = ["EN" if "EN" in beside else "ON"] * (stop - start)
    kinds = ["ON" if kind in ("ES", "CS", "BN") else kind for kind in kinds]
    strong = edge
    for place, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
    return kinds


def _marks_and_numbers(raw: list[str], edge: str) -> list[str]:
    """Give marks the type before them and numbers that of their script: the rules W1 to W3."""
    kinds: list[str] = []
    before = strong = edge
    for given in raw:
        kind = before if given == "NSM" else given
        if kind in ("R", "L", "AL"):
            strong = kind
        if kind == "EN" and strong == "AL":
            kind = "AN"
        kinds.append(kind)
        before = kind
    return ["R" if kind == "AL" else kind for kind in kinds]


def _side(kind: str) -> str | None:
    """Answer the direction a resolved type counts as, or None for a neutral one."""
    if kind in _RIGHT:
        return "R"
    return "L" if kind == "L" else None


def _pairs(text: str, kinds: list[str]) -> list[tuple[int, int]]:
    """Answer the places of matching brackets, by the place of the opening one (BD16)."""
    open_ones: list[tuple[str, int]] = []
    found: list[tuple[int, int]] = []
    for place, given in enumerate(text):
        if kinds[place] != "ON":
            continue
        character = normalize("NFC", given)
        if character in _OPENING:
            if len(open_ones) == 63:
                break
            open_ones.append((_OPENING[character], place))
        elif character in _CLOSING:
            for depth in range(len(open_ones) - 1, -1, -1):
                if open_ones[depth][0] == character:
                    found.append((open_ones[depth][1], place))
                    del open_ones[depth:]
                    break
    return sorted(found)


def _brackets(text: str, raw: list[str], kinds: list[str], edge: str) -> None:
    """Resolve paired brackets in place: the rule N0."""
    for start, stop in _pairs(text, kinds):
        inside = {_side(kind) for kind in kinds[start + 1 : stop]} - {None}
        if not inside:
            continue
        side = edge
        if edge not in inside:
            earlier = (_side(kind) for kind in reversed(kinds[:start]))
            context = next((found for found in earlier if found), edge)
            side = context if context in inside else edge
        for bracket in (start, stop):
            kinds[bracket] = side
            place = bracket + 1
            while place < len(raw) and raw[place] == "NSM":
                kinds[place] = side
                place += 1


def _neutral(kinds: list[str], edge: str) -> None:
    """Resolve the remaining neutral types in place: the rules N1 and N2."""
    for start, stop in _stretches([_side(kind) is None for kind in kinds]):
        left = (_side(kinds[start - 1]) if start else None) or edge
        right = (_side(kinds[stop]) if stop < len(kinds) else None) or edge
        kinds[start:stop] = [left if left == right else edge] * (stop - start)
