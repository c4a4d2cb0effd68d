"""What every form of the product has in common."""

import unicodedata
from typing import Any, Final

from flask_wtf import FlaskForm

# What people paste from elsewhere and pages show as white space.
_WHITE: Final = frozenset("\t\n\v\f\r\x85")


def cannot_be_kept(text: str) -> str | None:
    """Return the sentence that refuses a text with a control character in it, or None.

    PostgreSQL keeps no character 0, and no page shows the others.
    """
    for at, one in enumerate(text):
        if one not in _WHITE and unicodedata.category(one) in {"Cc", "Cs"}:
            before = " ".join(text[max(0, at - 20) : at].split())
            where = f"behind “{before}”" if before else "at the start"
            return f"There is a character {where} that can’t be kept. Type that place again."
    return None


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose texts hold nothing that can't be kept, whatever else is asked of them."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Look at each field, then for characters that can't be kept."""
        valid = bool(super().validate(extra_validators))
        for field in self:
            problem = cannot_be_kept(field.data) if isinstance(field.data, str) else None
            if problem is not None:
                field.errors = [*field.errors, problem]
                valid = False
        return valid
