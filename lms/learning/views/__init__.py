"""The pages of learning."""

from lms.learning.views import cases, lessons, quiz

__all__ = ["cases", "lessons", "quiz"]
