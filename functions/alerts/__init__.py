"""The functions of alerts."""
