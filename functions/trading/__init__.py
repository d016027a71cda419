"""The functions of trading."""
