"""What people hand in and take away as files."""
