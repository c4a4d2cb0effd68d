"""The shape of what is chosen about a roster."""

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import Length

from lms.web.forms import Form

LINKS = {"": "Decide later", "add": "Add this address", "replace": "Replace theirs",
         "leave": "Leave the row out"}  # fmt: skip


class UploadForm(Form):
    """A roster."""

    file = FileField(
        "File",
        [FileRequired("Choose a file.")],
        description="CSV or Excel workbook (.xlsx), at most 10 MB and 50,000 rows",
        render_kw={"accept": ".csv,.txt,.tsv,.xlsx"},
    )


class ChoicesForm(Form):
    """What a roster leaves open."""

    creates_departments = BooleanField("Add the departments that are missing")
    # Asked for only where several rows are alike.
    other_links = SelectField("All other rows like these", choices=LINKS, default="")


class ImportForm(Form):
    """How a roster is to be imported."""

    seen = HiddenField("Figures of the preview", [Length(max=200)])
    only_good = BooleanField("Leave out the rows with a problem and import the others")
    invites = BooleanField("Mail each new person a link to set their password")
    ends_leavers = BooleanField("Close the accounts of those who are not in the file")
