"""Decisions: which positions follow from signals and orders, before any money is known."""
