"""The report of a run: a recorded run in, one self-contained HTML page out."""
