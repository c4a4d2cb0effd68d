"""What the home page, a department's page and a person's page show."""

from lms.reports.queries.departments import PAGE, Report, department, narrowed, places
from lms.reports.queries.evidence import PersonPage, person
from lms.reports.queries.home import Board, board
from lms.reports.queries.lists import Filters

__all__ = [
    "PAGE",
    "Board",
    "Filters",
    "PersonPage",
    "Report",
    "board",
    "department",
    "narrowed",
    "person",
    "places",
]
