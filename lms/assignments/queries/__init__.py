"""Who is asked for what, how far they are, and the assignments themselves."""

from lms.assignments.queries.asked import Asked, due_day, one_asked, open_assignments, titles
from lms.assignments.queries.chosen import departments_of_people, in_order, who_has
from lms.assignments.queries.obligations import Obligation, obligations
from lms.assignments.queries.own import own_obligations
from lms.assignments.queries.pages import (
    AssignmentPage,
    ExemptionPage,
    Listed,
    assigned,
    assignment,
    assignment_page,
    concerned_person,
    exemption_page,
)
from lms.assignments.queries.places import Tree, department, departments_of, tree

__all__ = [
    "Asked",
    "AssignmentPage",
    "ExemptionPage",
    "Listed",
    "Obligation",
    "Tree",
    "assigned",
    "assignment",
    "assignment_page",
    "concerned_person",
    "department",
    "departments_of",
    "departments_of_people",
    "due_day",
    "exemption_page",
    "in_order",
    "obligations",
    "one_asked",
    "open_assignments",
    "own_obligations",
    "titles",
    "tree",
    "who_has",
]
