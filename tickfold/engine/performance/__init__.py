"""Performance: metrics, benchmark and portfolio."""
