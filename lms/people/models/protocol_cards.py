"""The local protocol card of a department: whom to call in the house, and where reports go."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class ProtocolCard(Model):
    """One version of a department's card. A change is a further row; none is changed or deleted.

    It holds for the department and all below it that have none of their own.
    """

    __tablename__ = "protocol_cards"
    __table_args__ = (
        UniqueConstraint("department_id", "number"),
        {
            "info": {
                "immutable": True,
                "personal": "who keeps a card, and the colleague it names as clinical lead",
            }
        },
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    number: Mapped[int]
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # The department has no card of its own from this version on; the one above it holds again.
    is_withdrawn: Mapped[bool]
    social_work: Mapped[str] = mapped_column(String(80))
    security: Mapped[str] = mapped_column(String(80))
    clinical_lead: Mapped[str] = mapped_column(String(120))
    clinical_lead_number: Mapped[str] = mapped_column(String(80))
    interpreter: Mapped[str] = mapped_column(String(80))
    hotline: Mapped[str] = mapped_column(String(80))
    report_state: Mapped[str] = mapped_column(String(2))
    report_to: Mapped[str] = mapped_column(String(200))
    report_number: Mapped[str] = mapped_column(String(80))
    report_form: Mapped[str] = mapped_column(String(200))
    local_services: Mapped[str] = mapped_column(String(1000))
    note: Mapped[str] = mapped_column(String(600))
    source: Mapped[str] = mapped_column(String(200))
    checked_on: Mapped[date]
    review_by: Mapped[date]
