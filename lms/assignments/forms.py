"""The shape of an assignment, of closing one, and of an exemption."""

from collections.abc import Iterable

from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from lms.assignments.rules import MAX_ACCEPT_DAYS
from lms.courses.rules.course import Course
from lms.courses.rules.series import Series
from lms.web.forms import Form


def _days(_form: Form, field: IntegerField) -> None:
    """Refuse what lies outside the range; WTForms' own check stumbles over very long numbers."""
    if field.data is None or not 0 <= field.data <= MAX_ACCEPT_DAYS:
        raise ValidationError(f"Give a number from 0 to {MAX_ACCEPT_DAYS}.")


class AssignForm(Form):
    """A course or series, a department, a day, and why."""

    what = SelectField("Course or series", validators=[InputRequired("Choose what to assign.")])
    department_id = SelectField(
        "Department", coerce=int, description="With everything below it, and those who join later"
    )
    due_on = DateField(
        "Due day",
        description="Until the end of that day",
        validators=[InputRequired("Give a day, like 2027-01-31.")],
    )
    accept_days = IntegerField(
        "Accept completions of the last … days",
        default=365,
        description="They are linked, not repeated; 0 accepts none from before today",
        validators=[
            InputRequired("Give a number of days; 0 accepts none from before today."),
            _days,
        ],
    )
    reason = TextAreaField(
        "Why",
        description="A sentence that the learner sees. People read on when they know the reason",
        validators=[
            InputRequired("Say in a sentence why this is asked."),
            Length(max=1000, message="Keep it under 1,000 characters."),
        ],
    )
    asked_by = StringField(
        "Who asks for it",
        validators=[
            InputRequired("Say who asks for it, such as “Department of Emergency Medicine”."),
            Length(max=200, message="Keep it under 200 characters."),
        ],
    )
    basis = StringField(
        "Law or policy",
        description="Optional: the rule it rests on",
        validators=[Length(max=300, message="Keep it under 300 characters.")],
    )
    sends_reminders = BooleanField("Send reminders by mail", default=True)

    def offer(self, series: Iterable[Series], courses: Iterable[Course]) -> None:
        """Offer these to choose from."""
        self.what.choices = [
            *(SelectChoice(f"series:{one.key}", one.title, optgroup="Series") for one in series),
            *(
                SelectChoice(
                    f"course:{one.key}", f"{one.title} ({one.minutes} min)", optgroup="Courses"
                )
                for one in courses
            ),
        ]


class ReasonForm(Form):
    """A reason, for what is recorded with one."""

    reason = TextAreaField(
        "Reason",
        validators=[
            InputRequired("Give a reason; it is kept with the record."),
            Length(max=1000, message="Keep it under 1,000 characters."),
        ],
    )
