"""Credit that was claimed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model
from lms.learning.models import Completion


class Claim(Model):
    """Credit claimed for one completion, in quarters of an hour, with its certificate."""

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint("quarters > 0", name="above_nothing"),
        {"info": {"immutable": True, "personal": "credit a person claimed"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    completion_id: Mapped[int] = mapped_column(ForeignKey("completions.id"), unique=True)
    quarters: Mapped[int]
    claimed_at: Mapped[datetime]
    # The serial first issued; what became of it is in the ledger.
    serial: Mapped[str] = mapped_column(String(20), unique=True)
    completion: Mapped[Completion] = relationship()
