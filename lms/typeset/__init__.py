"""Set type for PDF pages: faces, direction, fitting, tags, signatures; knows no feature."""
