"""What the domain may say no with; lms/web/pages.py answers each kind with one page."""


class Refused(Exception):
    """A rule says no; the message is a sentence that may be shown to the person."""


class NotAllowed(Exception):
    """This actor may not do this here."""


class Missing(Exception):
    """There is no such thing, or none this actor may know of."""
