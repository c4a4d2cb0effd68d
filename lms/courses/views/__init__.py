"""Pages about what is published: versions for planners, the directory and the library for all."""

from lms.courses.views import directory, due, library, versions
from lms.courses.views.blueprint import bp

__all__ = ["bp", "directory", "due", "library", "versions"]
