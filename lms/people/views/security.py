"""The administrator's page about signing in: whose role needs a second factor; shared computers."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission, Role
from lms.people.forms.second_factor import SecurityForm
from lms.people.operations import second_factor
from lms.people.queries import second_factor as asked
from lms.people.queries.second_factor import Security
from lms.people.views.blueprint import bp

MAY = Permission.KEEP_SECURITY
WORDS = {
    Role.LEARNER: "Everyone",
    Role.COORDINATOR: "Coordinators",
    Role.PLANNER: "CE planners",
    Role.ADMINISTRATOR: "Administrators",
}


def _page(form: SecurityForm) -> str:
    return flask.render_template(
        "people/security_rules.html", form=form, counts=asked.counts_by_role(current_user.actor),
        words=WORDS,
    )  # fmt: skip


@bp.get("/people/security", may=MAY)
def security_rules() -> ResponseReturnValue:
    """Show whose role needs a second factor, how many have none, and how shared computers lock."""
    kept = asked.security()
    given = {role.value: role.value in kept.factor_roles for role in Role}
    return _page(
        SecurityForm(
            formdata=None, idle_minutes=kept.idle_minutes,
            is_shared_by_default=kept.is_shared_by_default, **given,
        )
    )  # fmt: skip


@bp.post("/people/security", may=MAY)
def keep_security_rules() -> ResponseReturnValue:
    """Keep the rules; they count from everybody's next click on."""
    form = SecurityForm()
    if not form.validate():
        return _page(form), 422
    second_factor.keep_security(
        actor=current_user.actor,
        security=Security(
            factor_roles=frozenset(role.value for role in Role if form[role.value].data),
            is_shared_by_default=form.is_shared_by_default.data,
            idle_minutes=form.idle_minutes.data,
        ),
        at=clock.now(),
    )
    flask.flash("The rules are saved. They count from everybody’s next click on.")
    return flask.redirect("/people/security", code=303)
