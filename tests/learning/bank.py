"""Quiz items of every kind, small enough to keep in one's head."""

from fractions import Fraction

from lms.courses.rules.course import Choice, Item, Kind, Node, Option, Pair


def _item(kind: Kind, id_: str, objective: str = "o0", **parts: object) -> Item:
    return Item(
        id=id_, kind=kind, objective=objective, lesson="law", anchor="", difficulty=1,
        stem=f"Stem of {id_}", **parts,
    )


def _options(ids: str, right: str, *, pinned: str = "") -> tuple[Option, ...]:
    return tuple(
        Option(id=one, text=f"Text {one}", rationale=f"Why {one}", right=one in right,
               pinned=one in pinned)
        for one in ids
    )


def single(id_: str = "single", objective: str = "o0", *, pinned: str = "") -> Item:
    """Four options; a is right."""
    return _item(Kind.SINGLE, id_, objective, options=_options("abcd", "a", pinned=pinned))


def multiple(id_: str = "multiple") -> Item:
    """Five options; a, b and c are right."""
    return _item(Kind.MULTIPLE, id_, options=_options("abcde", "abc"))


def true_false(id_: str = "true-false") -> Item:
    """True is right."""
    options = tuple(
        Option(id=one, text=one.title(), rationale=f"Why {one}", right=one == "true")
        for one in ("true", "false")
    )
    return _item(Kind.TRUE_FALSE, id_, options=options)


def ordering(id_: str = "ordering") -> Item:
    """The order is a, b, c, d."""
    return _item(Kind.ORDERING, id_, options=_options("abcd", ""))


def matching(id_: str = "matching") -> Item:
    """Three pairs: p, q, r."""
    pairs = tuple(
        Pair(id=one, left=f"Left {one}", right=f"Right {one}", rationale=f"Why {one}")
        for one in "pqr"
    )
    return _item(Kind.MATCHING, id_, pairs=pairs)


def case(id_: str = "case") -> Item:
    """Ask, then alone (1) or there (1/2); or leave (0)."""

    def choice(choice_id: str, to: str) -> Choice:
        return Choice(id=choice_id, text=f"Do {choice_id}", to=to, rationale=f"Why {choice_id}")

    def end(node_id: str, score: str) -> Node:
        return Node(id=node_id, text=f"At {node_id}", outcome=f"Outcome {node_id}",
                    score=Fraction(score), debrief=f"Debrief {node_id}")

    nodes = (
        Node(id="n1", text="At n1", choices=(choice("ask", "n2"), choice("leave", "bad"))),
        Node(id="n2", text="At n2", choices=(choice("alone", "good"), choice("there", "fair"))),
        end("good", "1"), end("fair", "0.5"), end("bad", "0"),
    )
    return _item(Kind.CASE, id_, nodes=nodes, start="n1")


def items(count: int, *, objectives: int = 1) -> list[Item]:
    """So many single items, their objectives in turn."""
    return [single(f"i{n}", f"o{n % objectives}") for n in range(count)]
