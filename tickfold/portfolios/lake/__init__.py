"""Portfolios in the lake: their journals as tables of orders, fills, trades, cash flows and equity, for SQL."""
