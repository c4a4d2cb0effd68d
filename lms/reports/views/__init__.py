"""Home, and the pages where a coordinator sees who is done."""

from lms.reports.views import departments, home
from lms.reports.views.blueprint import bp

__all__ = ["bp", "departments", "home"]
