"""Who must finish what by when, and why."""
