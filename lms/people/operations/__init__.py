"""Everything one can do with accounts, people, departments and roles."""
