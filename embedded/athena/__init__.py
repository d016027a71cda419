"""Athena on the embedded stack: statements of Trino's SQL, checked as Athena checks them and answered by DuckDB."""
