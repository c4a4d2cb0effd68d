"""What the home page, a department's page and a person's page show."""

from lms.reports.queries.departments import PAGE, Filters, Report, department, places
from lms.reports.queries.evidence import PersonPage, person
from lms.reports.queries.home import Board, board

__all__ = [
    "PAGE",
    "Board",
    "Filters",
    "PersonPage",
    "Report",
    "board",
    "department",
    "person",
    "places",
]
