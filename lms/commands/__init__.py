"""What an operator types: serve, upgrade, back up, look after, show."""
