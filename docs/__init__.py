"""The documentation; `docs.generate` writes the pages of docs/reference that are derived from code."""
