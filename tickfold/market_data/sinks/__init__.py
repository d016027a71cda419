"""Sinks: where else bars go once they are stored."""
