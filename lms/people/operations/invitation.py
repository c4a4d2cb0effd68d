"""The mail by which somebody gets into their new account."""


def invitation(name: str, email: str, address: str) -> tuple[str, str]:
    """Return subject and body of the mail with the page, at this address, that sets a password."""
    return "Your account in Rounds", (
        f"Hello {name},\n\n"
        "you have an account in Rounds, where your required and chosen courses, your "
        "credit and your certificates are. Set your password here within a week; the "
        f"link works once:\n\n{address}\n\n"
        f"Then sign in with {email}.\n"
    )
