"""`python -m tickfold.cli`, where the `tickfold` script is not installed."""

from tickfold.cli import main

main()
