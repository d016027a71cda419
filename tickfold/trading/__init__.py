"""Trading: bots, which are runs without an end, and the trader, which steps them over the bars as they come."""
