"""Home, the pages where a coordinator sees who is done, and the audit trail."""

from lms.reports.views import departments, files, home, selection, trail
from lms.reports.views.blueprint import bp

__all__ = ["bp", "departments", "files", "home", "selection", "trail"]
