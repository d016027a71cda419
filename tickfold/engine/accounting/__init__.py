"""Accounting: sizes, costs and cash of the decided positions."""
