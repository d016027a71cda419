"""The steps of the backtest workflow, and the function that reports its failures."""
