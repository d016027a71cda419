"""The engine: exact, numpy only, no I/O. Bars and a strategy go in; trades, equity and metrics come out."""
