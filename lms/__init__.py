"""Rounds, a CME course tracker: from a required training to a certificate that holds."""
