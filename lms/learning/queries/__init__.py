"""What pages and other features ask about learning."""
