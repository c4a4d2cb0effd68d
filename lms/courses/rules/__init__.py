"""What a course is, when a folder holds a good one, and how its prose becomes pages. Pure."""
