"""Backtests: a run from its request to its result."""
