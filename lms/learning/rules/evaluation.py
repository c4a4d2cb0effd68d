"""What a learner says about a course, as values that lead to nobody."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCALE = range(1, 6)
COMMENT_MOST = 2_000  # characters of free text


class Change(StrEnum):
    """Whether the learner means to do something differently."""

    YES = "yes"
    PLANNING = "planning"
    NO = "no"
    ALREADY = "already"


@dataclass(frozen=True, kw_only=True)
class EvaluationAnswers:
    """One evaluation: 1 to 5 for each objective, bias, intent to change, free text."""

    objectives: Mapping[str, int]
    bias: bool
    bias_text: str = ""
    change: str = Change.NO
    change_text: str = ""
    comment: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return everything but the comment as plain JSON values."""
        return {
            "objectives": dict(sorted(self.objectives.items())),
            "bias": self.bias,
            "bias_text": self.bias_text,
            "change": str(self.change),
            "change_text": self.change_text,
        }


def problem_with(answers: EvaluationAnswers, objective_ids: Collection[str]) -> str | None:
    """Return what is wrong with an evaluation as a sentence, or None."""
    if set(answers.objectives) != set(objective_ids):
        return "Say for each objective how well it was met."
    if any(mark not in SCALE for mark in answers.objectives.values()):
        return "Each objective takes a mark from 1 to 5."
    if answers.change not in set(Change):
        return "Say whether you will do something differently."
    texts = (answers.bias_text, answers.change_text, answers.comment)
    if any(len(text) > COMMENT_MOST for text in texts):
        return f"Keep each text within {COMMENT_MOST:,} characters."
    return None
