"""What the page reads of a run: one SQLite file, written once beside the run's tables."""

SERVING = "serving.sqlite"
FORMAT = 1
