"""Who has finished what: read, never written."""
