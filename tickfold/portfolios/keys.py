"""The partition keys of portfolios in the trading table. They load nothing, for who only reads the table's stream."""

_PARTITION = "p#"


def partition_of(portfolio: str) -> str:
    """Return the partition key of all that is of a portfolio."""
    return f"{_PARTITION}{portfolio}"


def portfolio_of(partition: str) -> str:
    """Return the portfolio of a partition key."""
    return partition.removeprefix(_PARTITION)
