"""Alerts: rules that are folded over bars and events, the alerts that they give, and sending these."""
