"""Parts that are drawn once: how much of them a process keeps, and which it lets go of."""

from sys import getsizeof
from threading import Thread

from markupsafe import Markup

from lms.web import fragments
from lms.web.fragments import Parts

PAGE = "<p>" + "\N{LEFT DOUBLE QUOTATION MARK}Ask alone.\N{RIGHT DOUBLE QUOTATION MARK}" * 1000


def test_a_part_is_drawn_once():
    parts, drawn = Parts(1_000_000), []
    for _turn in range(3):
        assert parts.kept("one", lambda: drawn.append("one") or PAGE) == PAGE
    assert drawn == ["one"]


def test_a_part_is_not_escaped_again():
    parts = Parts(1_000_000)
    assert Markup("{}").format(parts.kept("one", lambda: "<b>x</b>")) == "<b>x</b>"
    assert Markup("{}").format(parts.kept("one", lambda: "<b>x</b>")) == "<b>x</b>"


def test_what_is_kept_is_bounded_in_bytes_not_in_number():
    parts = Parts(1_000_000)
    for one in range(1000):
        parts.kept(one, lambda one=one: f"{one} {PAGE}")
        assert parts.bytes <= 1_000_000
    still = [one for one in range(1000) if one in parts._kept]
    assert 1_000_000 // getsizeof(PAGE) - 2 <= len(still) <= 1_000_000 // getsizeof(PAGE)
    assert sum(getsizeof(parts._kept[one]) for one in still) <= parts.bytes


def test_the_one_asked_for_longest_ago_goes_first():
    parts = Parts(5 * getsizeof(PAGE))
    drawn = []

    def ask(name):
        return parts.kept(name, lambda: drawn.append(name) or PAGE)

    for name in ["read by all", *"abcdefgh"]:
        ask(name)
        ask("read by all")
    assert drawn == ["read by all", *"abcdefgh"]
    ask("h")
    assert drawn[-1] == "h"
    assert len(drawn) == 9
    ask("a")
    assert len(drawn) == 10


def test_a_part_larger_than_all_that_may_be_kept_is_shown_and_not_kept():
    parts = Parts(1000)
    assert parts.kept("one", lambda: PAGE) == PAGE
    assert parts.bytes == 0


def test_readers_at_the_same_time_all_get_their_part():
    parts, wrong = Parts(20_000), []

    def read(start):
        for turn in range(2000):
            name = (start + turn * 7) % 13
            if parts.kept(name, lambda name=name: str(name) * 3000) != str(name) * 3000:
                wrong.append(name)

    threads = [Thread(target=read, args=(one,)) for one in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
    assert parts.bytes <= 20_000
    assert parts.bytes == sum(fragments._size(one) for one in parts._kept.values())


def test_a_process_keeps_a_few_megabytes():
    assert fragments.kept.__self__.most <= 8 * 1024 * 1024
