"""What the trail says in plain words. Pure."""
