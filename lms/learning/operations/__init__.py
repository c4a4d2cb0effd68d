"""Everything one can do while learning."""
