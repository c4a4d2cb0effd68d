"""Set type for PDF pages: faces, shaping, direction, fitting, tags and signatures; knows no feature."""
