"""Portfolios: what they hold, their orders and paper fills, their limits, and the journal that all of it follows from."""
