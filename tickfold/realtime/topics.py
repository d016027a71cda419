"""Topics: what a connection may subscribe to. A run's messages are published under the topics of its run."""


def of_run(run_id: str) -> str:
    """Return the topic of one run."""
    return f"run#{run_id}"


def of_user(user_id: str) -> str:
    """Return the topic of a user's runs."""
    return f"user#{user_id}"


def of_portfolio(portfolio: str) -> str:
    """Return the topic of the runs of a portfolio."""
    return f"portfolio#{portfolio}"


def of_symbol(symbol: str, timeframe: str) -> str:
    """Return the topic of a symbol's bars."""
    return f"symbol#{symbol}#{timeframe}"


def of_journal(portfolio: str) -> str:
    """Return the topic of the journal of a portfolio."""
    return f"journal#{portfolio}"


def of_alerts(user_id: str) -> str:
    """Return the topic of a user's alerts."""
    return f"alerts#{user_id}"
