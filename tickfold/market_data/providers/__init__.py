"""Providers of market data: bars, quotes and corporate actions from Alpaca, Alpha Vantage, Schwab, Yahoo and files."""
