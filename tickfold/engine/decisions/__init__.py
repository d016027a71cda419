"""Decisions: the positions that follow from signals and orders, before money is counted."""
