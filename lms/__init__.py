"""Rounds, a CME course tracker: from a required training to a certificate that holds."""

import gc

# What is made while a program is loaded stays: looking through it again and again for something to
# collect took a tenth of a second of each start. lms/app.py, once all is loaded, sets it right.
gc.set_threshold(10_000, 100, 100)
