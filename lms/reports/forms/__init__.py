"""The shape of what reports are narrowed to."""
