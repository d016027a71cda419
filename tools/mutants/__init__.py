"""`make mutants`."""
