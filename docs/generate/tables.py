"""The page of the lake's tables, from the schemas that Arrow writes and Athena reads."""

from tickfold.storage.tables import TABLES, LakeTable, hive_type

INTRODUCTION = """# Tables

Generated from `tickfold/storage/tables.py` by `make docs`; edit that, not this page. How to query them:
[query with SQL](../how-to/query-with-sql.md). Why they are laid out so: [storage](../explanation/storage.md).

Prices and amounts are dollars. Times are UTC. A column without "null" is never null. Partition columns marked
*required* must be given by equality in `WHERE`.
"""
ROWS = {
    "bars": "A bar of a series.",
    "trades": "A closed trade of a run.",
    "equity": "A bar of a run. `shares` and `close` are null if the run has several symbols.",
    "runs_by_symbol": "A symbol of a run of several symbols. `metrics` is JSON.",
    "equity_by_symbol": "A bar of a symbol of a run of several symbols.",
    "runs": "A run with a result. `parameters` and `metrics` are JSON.",
    "sweeps": "A set of parameters of a sweep, with every metric. `parameters` is JSON.",
    "walk_forward": "A window of a walk-forward. `parameters` is JSON.",
    "portfolio_orders": "An order of a portfolio as an entry of the journal has left it: its last row is what has "
    "become of it. Exits of a bracket are orders of their own, whose `parent` is the order that they close.",
    "portfolio_fills": "A fill of a portfolio, or of a bot of it, which has no `order_id` and no `market_price`. "
    "`side` is `buy` or `sell`.",
    "portfolio_trades": "What a fill has closed, with its share of the commission that opening it had cost. `side` is "
    "`long` or `short`; of a portfolio's own orders `entry_price` is the average, `exit_reason` the order's `kind`.",
    "portfolio_cash_flows": "What has changed the cash of a portfolio beside its fills: `kind` is `deposit`, "
    "`withdrawal`, `allocation` (to a bot), `allocation_returned` or `position_kept` (a stopped bot's cash came back, "
    "here with its position); `amount` has the sign of its effect.",
    "portfolio_equity": "A portfolio after a minute whose bars it has seen, or after an entry of its journal; `number` "
    "counts them. "
    "`deposits` are what was paid in, less what was paid out.",
}
"""What a row of each table is."""
PORTFOLIOS = """## Portfolios

`portfolio` is a portfolio's id, `owner` and `name` are whose it is and what they call it. `sequence` is the entry of
the [journal](protocol.md#journal_entry) that a row follows from, `day` when that was written, in UTC; `year` is the
year of `day`. Within an entry, fills and cash flows are ordered by `event`. `timestamp` of a fill and of a bar's equity
is the bar's start, of anything else when the entry was written. Added up in the order of `sequence` and `event`, cash
flows and the fills that are not a bot's make the portfolio's cash to the last bit.

The tables have what journals said up to an hour ago. What is so now, the command line tells:

| | now | in SQL |
|---|---|---|
| configuration: the switches | `tickfold trading show` | |
| who has set a switch, and when | `tickfold trading changes` | |
| configuration of a portfolio: its limits | `tickfold portfolio show NAME` | |
| state: cash and positions | `tickfold portfolio show NAME` | `portfolio_equity` |
| state: orders that work | `tickfold order list NAME` | `portfolio_orders` |
| trades | `tickfold portfolio trades NAME` | `portfolio_fills`, `portfolio_trades` |

Trades as a list of many a trading bot has them:

```sql
SELECT trade_id, symbol, side AS action, price, quantity AS shares, "timestamp" FROM portfolio_fills
WHERE name = 'growth'
ORDER BY sequence, event
```

Orders that still work:

```sql
SELECT order_id, max_by(symbol, sequence) AS symbol, max_by(status, sequence) AS status FROM portfolio_orders
WHERE name = 'growth'
GROUP BY order_id
HAVING max_by(status, sequence) IN ('held', 'working')
```

What each symbol has earned:

```sql
SELECT symbol, count(*) AS trades, sum(pnl) AS pnl, sum(commission) AS commission FROM portfolio_trades
WHERE name = 'growth'
GROUP BY symbol
```

Equity at the end of each day, and what was paid in by then:

```sql
SELECT day, max_by(equity, number) AS equity, max_by(deposits, number) AS deposits FROM portfolio_equity
WHERE name = 'growth' AND year >= 2026
GROUP BY day
ORDER BY day
```

What was paid in and out:

```sql
SELECT day, kind, amount FROM portfolio_cash_flows WHERE name = 'growth' ORDER BY sequence, event
```
"""
HEAD = "| column | type | |\n|---|---|---|\n"


def render() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_section(name, table) for name, table in TABLES.items()), PORTFOLIOS])


def _section(name: str, table: LakeTable) -> str:
    partitions = [
        _row(column, table.partition_columns[column], _partition(partition.projection["type"]))
        for column, partition in table.partitions.items()
    ]
    columns = [_row(each.name, hive_type(each.type), "null" if each.nullable else "") for each in table.schema]
    return f"## `{name}`\n\n{ROWS[name]} Files: `{table.prefix}`.\n\n{HEAD}{''.join([*partitions, *columns])}"


def _partition(projection: str) -> str:
    return "partition, required" if projection == "injected" else "partition"


def _row(column: str, kind: str, note: str) -> str:
    return f"| `{column}` | {kind} | {note} |\n"
