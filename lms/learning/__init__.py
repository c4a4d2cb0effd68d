"""Enrolment, lessons, attempts, answers, evaluation, completion."""
