"""The functions of market data: the feed, and where its bars go."""
