"""Several servers, each with a folder of its own, on one PostgreSQL and without a shared disk."""
