"""The protocol cards of the demonstration hospital; every number is invented (555-01xx)."""

from dataclasses import replace

from lms.commands.demo_story import Hospital
from lms.people.operations.protocol_cards import keep_protocol_card
from lms.people.rules.protocol_cards import REVIEW_AFTER, Card

ACUTE = Card(
    social_work="ext. 4410 or 510-555-0110",
    security="ext. 4911",
    clinical_lead="Attending on call, Emergency Medicine",
    clinical_lead_number="510-555-0112",
    interpreter="ext. 4421",
    report_state="CA",
    report_to="Alder County child protection, an invented office",
    report_number="510-555-0140",
    report_form="Call at once; the written report follows on the county’s form, as policy 7.3 says",
    local_services="Alder Valley advocates, 510-555-0150, day and night",
    note="The quiet room beside triage has a door that closes and a telephone.",
    source="Social work called each number",
)
CHILDREN = Card(
    social_work="ext. 5510 or 510-555-0120",
    security="ext. 4911",
    clinical_lead="Child protection team",
    clinical_lead_number="510-555-0122",
    interpreter="ext. 4420",
    report_state="CA",
    report_to="Alder County child protection, an invented office",
    report_number="510-555-0140",
    source="The child protection team called each number",
)


def cards(hospital: Hospital) -> None:
    """Keep cards for two of three divisions: one with a change in its history, one overdue."""
    for place, card, days, seen in (
        ("Acute Care", replace(ACUTE, interpreter="ext. 4420"), 300, 0),
        ("Women and Children", CHILDREN, 200, 0),
        ("Acute Care", ACUTE, 40, 1),
    ):
        at = hospital.ago(days)
        day = hospital.day(at)
        keep_protocol_card(
            actor=hospital.actor("petra"),
            department_id=hospital.places[place],
            card=replace(card, checked_on=day, review_by=day + REVIEW_AFTER),
            seen=seen,
            at=at,
            today=day,
        )
