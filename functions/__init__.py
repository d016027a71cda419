"""The Lambda entry points: each parses its event, calls tickfold, and replies."""
