"""When a reminder is due, and what it says: counted from the due day, kind, the same words."""

from datetime import date, timedelta

import pytest

from lms.assignments.rules import reminders as rules

DUE = date(2027, 3, 26)
OPENED = date(2026, 11, 2)
SENDER = rules.Sender(
    organisation="Demonstration Hospital", contact="education@example.org",
    base_url="https://rounds.example.org", zone="Pacific",
)  # fmt: skip
ITEM = rules.Item(
    title="Human Trafficking 101", url="https://rounds.example.org/courses/one", due_on=DUE,
    is_overdue=False, work="About 45 minutes.", reason="Because\nof the plan", asked_by="Emergency",
    basis="",
)  # fmt: skip


def test_case_55_a_deadline_says_the_day_the_year_and_whose_end_of_the_day():
    assert rules.deadline(DUE, "Pacific") == "Friday, March 26, 2027, until the end of the day, Pacific time"
    assert rules.deadline(DUE, "Berlin time").endswith("the end of the day, Berlin time")


def steps_on_days(*, opened=OPENED, until=120) -> dict[int, int]:
    """Return each step with the first day on which it is due, from the due day."""
    found: dict[int, int] = {}
    for offset in range(-200, until):
        step = rules.step_of(due_on=DUE, opened_on=opened, today=DUE + timedelta(days=offset))
        if step is not None:
            found.setdefault(step, offset)
    return found


def test_case_53_each_step_falls_on_its_day_from_the_due_day():
    assert steps_on_days() == {step: step for step in rules.STEPS}
    assert rules.STEPS[:3] == (-14, -3, 1)


def test_a_step_is_made_up_for_three_days_late_and_then_left_out():
    def on(offset):
        return rules.step_of(due_on=DUE, opened_on=OPENED, today=DUE + timedelta(days=offset))

    assert [on(-15), on(-14), on(-11), on(-10), on(0), on(1)] == [None, -14, -14, None, -3, 1]


def test_the_steps_end_and_one_that_lies_before_the_assignment_is_left_out():
    assert rules.step_of(due_on=DUE, opened_on=OPENED, today=DUE + timedelta(days=400)) is None
    assert -14 not in steps_on_days(opened=DUE - timedelta(days=10))


def test_a_mail_is_neutral_outside_and_complete_inside():
    late = rules.Item(**(vars_of(ITEM) | {"title": "Second", "is_overdue": True, "basis": "AB 1 of 2020."}))
    subject, text = rules.subject(SENDER), rules.body("Lena Nguyễn, MD", [ITEM, late], SENDER, asker="Cora Lindqvist")
    assert subject == "Training due at Demonstration Hospital"
    flat = " ".join(text.split())
    for part in (
        "Hello Lena Nguyễn, MD,", "1. Human Trafficking 101", "2. Second",
        f"Due: {rules.deadline(DUE, 'Pacific')}.", f"Was due: {rules.deadline(DUE, 'Pacific')}.",
        "It can still be finished.", "Why: Because of the plan", "Asked for by Emergency.",
        "It rests on AB 1 of 2020.", "write to education@example.org, or ask Cora Lindqvist",
        "You can be exempted", "https://rounds.example.org/courses/one",
    ):
        assert part in flat, part
    first = text.split("\n\n")[1]
    assert "Trafficking" not in first, "what a preview of the mail shows first is neutral too"
    assert not {"delinquent", "failure", "violation", "immediately"} & set(flat.casefold().split())
    assert max(len(line) for line in text.splitlines()) <= 72


def vars_of(item) -> dict:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def test_an_organisation_of_odd_words_makes_no_second_header():
    odd = rules.Sender(organisation="A\r\nBcc: x@example.org", contact="", base_url="https://x", zone="UTC")
    assert rules.subject(odd) == "Training due at A Bcc: x@example.org"
    nobody = rules.Sender(organisation="", contact="", base_url="https://x", zone="UTC")
    assert rules.subject(nobody) == "Training due"
    assert "ask whoever assigned it" in " ".join(rules.body("A", [ITEM], nobody, asker="").split())


@pytest.mark.parametrize(
    ("minutes", "done", "needed", "said"),
    [
        ([45], 0, 1, "About 45 minutes. You can stop and go on where you left off."),
        ([15, 45], 0, 2, "0 of 2 courses done; 2 courses are left, each about 15 to 45 minutes."),
        ([20, 20], 1, 2, "1 of 2 courses done; 1 course is left, about 20 minutes."),
    ],
)  # fmt: skip
def test_how_much_is_left(minutes, done, needed, said):
    assert rules.work_words(minutes, done=done, needed=needed) == said


def test_case_52_one_key_for_a_person_and_a_day():
    assert rules.key(7, DUE) == rules.key(7, DUE) == "reminder:7:2027-03-26"
    assert len({rules.key(7, DUE), rules.key(8, DUE), rules.key(7, OPENED), rules.key(7, DUE, failed=1)}) == 4
