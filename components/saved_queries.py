"""The questions that are asked of the lake most, saved in Athena. Each `?` is asked for when a query is run."""

from collections.abc import Mapping

SAVED_QUERIES: Mapping[str, str] = {
    "latest-runs": """\
SELECT run_id, symbol, timeframe, strategy, parameters, total_return, sharpe, max_drawdown, created_at
FROM runs
WHERE year >= year(current_date - INTERVAL '7' DAY) AND day >= current_date - INTERVAL '7' DAY
ORDER BY created_at DESC
LIMIT 50
""",
    "best-runs-by-sharpe": """\
SELECT run_id, strategy, parameters, start_date, end_date, sharpe, total_return, max_drawdown, trades
FROM runs
WHERE year >= year(current_date - INTERVAL '90' DAY) AND day >= current_date - INTERVAL '90' DAY
      AND symbol = ? AND sharpe IS NOT NULL
ORDER BY sharpe DESC
LIMIT 50
""",
    "trades-of-a-run": """\
SELECT entry_time, exit_time, side, quantity, entry_price, exit_price, commission, pnl, trade_return, bars
FROM trades
WHERE run_id = ?
ORDER BY entry_time
""",
    "wins-and-losses-of-a-run": """\
SELECT side, count(*) AS trades, count_if(pnl > 0) AS wins, sum(pnl) AS pnl, avg(trade_return) AS average_return,
       min(trade_return) AS worst_return, max(trade_return) AS best_return
FROM trades
WHERE run_id = ?
GROUP BY side
""",
    "symbols-of-a-run": """\
SELECT symbol, share, start_capital, final_equity, total_return, sharpe, max_drawdown, trades, bars
FROM runs_by_symbol
WHERE run_id = ?
ORDER BY total_return DESC
""",
    "equity-of-a-run-by-month": """\
SELECT date_trunc('month', "timestamp") AS month, min(equity) AS lowest, max(equity) AS highest,
       max_by(equity, "timestamp") AS at_the_end
FROM equity
WHERE run_id = ?
GROUP BY date_trunc('month', "timestamp")
ORDER BY month
""",
    "bars-by-day": """\
SELECT date_trunc('day', "timestamp") AS day, count(*) AS bars, min_by("open", "timestamp") AS "open",
       max(high) AS high, min(low) AS low, max_by("close", "timestamp") AS "close", sum(volume) AS volume
FROM bars
WHERE symbol = ? AND timeframe = ? AND year = ?
GROUP BY date_trunc('day', "timestamp")
ORDER BY day
""",
}
