"""Tickfold: backtests fanned out over Lambda workers and folded back into one exact result."""
