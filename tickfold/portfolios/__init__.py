"""Portfolios: what they hold, their orders, paper fills and limits, and the journal that all of it follows from."""
