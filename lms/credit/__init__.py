"""Claiming credit, and the transcript."""
