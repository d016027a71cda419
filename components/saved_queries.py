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
    "trades-of-a-portfolio": """\
SELECT trade_id, symbol, side AS action, price, quantity AS shares, "timestamp"
FROM portfolio_fills
WHERE name = ?
ORDER BY sequence, event
""",
    "open-orders": """\
WITH latest AS (
    SELECT portfolio, order_id, max(sequence) AS sequence FROM portfolio_orders GROUP BY portfolio, order_id
)
SELECT owner, name, order_id, symbol, side, kind, quantity, filled, limit_price, stop_price, placed_at
FROM portfolio_orders JOIN latest USING (portfolio, order_id, sequence)
WHERE status IN ('held', 'working')
ORDER BY owner, name, number
""",
    "wins-and-losses-of-portfolios": """\
SELECT owner, name, bot, symbol, count(*) AS trades, count_if(pnl > 0) AS wins, sum(pnl) AS pnl,
       sum(commission) AS commission
FROM portfolio_trades
WHERE year >= year(current_date - INTERVAL '90' DAY) AND day >= current_date - INTERVAL '90' DAY
GROUP BY owner, name, bot, symbol
ORDER BY owner, name, bot, symbol
""",
    "equity-of-portfolios-by-day": """\
SELECT day, owner, name, max_by(equity, number) AS equity, max_by(cash, number) AS cash,
       max_by(equity - deposits, number) AS profit
FROM portfolio_equity
WHERE year >= year(current_date - INTERVAL '90' DAY) AND day >= current_date - INTERVAL '90' DAY
GROUP BY day, owner, name
ORDER BY owner, name, day
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
