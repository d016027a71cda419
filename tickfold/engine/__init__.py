"""The engine: backtests of bars and signals to trades, equity and metrics. Exact, numpy only, no I/O."""
