"""What is true of learning: scoring, drawing, limits and progress."""
