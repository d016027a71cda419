-- Statements with the same answer on both engines, one a paragraph; {single} and the like are ids of runs.
-- SHOW and DESCRIBE are not among them: Athena answers them in another form than Trino.

-- partitions

SELECT count(*) AS n FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d'

SELECT count(*) AS n FROM bars WHERE 'GOOG' = symbol AND '1d' = timeframe

SELECT symbol, count(*) AS n FROM bars WHERE symbol IN ('GOOG', 'IBM') AND timeframe = '1d' GROUP BY symbol

SELECT count(*) AS n FROM bars WHERE (symbol = 'GOOG' OR symbol = 'IBM') AND timeframe = '1d'

SELECT count(*) AS n FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d' AND year = 2010

SELECT count(*) AS n FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d' AND year BETWEEN 2010 AND 2011

SELECT count(*) AS n FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d' AND year IN (2004, 2013)

SELECT count(*) AS n FROM bars WHERE symbol = 'NONE' AND timeframe = '1d'

SELECT count(*) AS n FROM bars WHERE symbol = 'goog' AND timeframe = '1d'

SELECT count(*) AS n FROM trades WHERE run_id = 'none'

SELECT count(*) AS n FROM runs WHERE year = 2020

SELECT count(*) AS n FROM runs WHERE year = 1999

SELECT count(*) AS n FROM runs WHERE day >= current_date - INTERVAL '7' DAY

SELECT year, count(*) AS n FROM runs GROUP BY year

WITH closes AS (SELECT close FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d') SELECT count(*) AS n,
max(close) AS highest FROM closes

-- aggregates, windows, sets

SELECT year, min(low) AS low, max(high) AS high, sum(volume) AS volume FROM bars WHERE symbol = 'GOOG' AND
timeframe = '1d' GROUP BY year

SELECT count(*) FILTER (WHERE close > open) AS up, count_if(close > open) / count(*) AS share FROM bars WHERE
symbol = 'GOOG' AND timeframe = '1d'

SELECT avg(close) AS average, stddev(close) AS deviation, var_pop(close) AS variance FROM bars WHERE symbol =
'GOOG' AND timeframe = '1d'

SELECT max_by(close, "timestamp") AS last, min_by(close, "timestamp") AS first FROM bars WHERE symbol = 'GOOG'
AND timeframe = '1d'

SELECT "timestamp", close / lag(close) OVER (ORDER BY "timestamp") - 1 AS r FROM bars WHERE symbol = 'GOOG'
AND timeframe = '1d' AND year = 2012 ORDER BY 1

SELECT year, close FROM (SELECT year, close, row_number() OVER (PARTITION BY year ORDER BY "timestamp") AS n
FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d') WHERE n = 1

SELECT year, count(*) AS n FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d' GROUP BY ROLLUP (year)

SELECT approx_distinct(year) > 5 AS several FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d'

SELECT DISTINCT day_of_week("timestamp") AS d FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d'

SELECT year FROM bars WHERE symbol = 'GOOG' AND timeframe = '1d' GROUP BY year HAVING count(*) < 200

SELECT side, exit_reason, count(*) AS n FROM trades WHERE run_id = '{single}' GROUP BY GROUPING SETS ((side),
(exit_reason))

SELECT side FROM trades WHERE run_id = '{single}' UNION SELECT 'none' ORDER BY 1

SELECT side FROM trades WHERE run_id = '{single}' EXCEPT SELECT 'long'

SELECT pnl FROM trades WHERE run_id = '{single}' ORDER BY pnl NULLS FIRST OFFSET 2 LIMIT 3

-- joins

SELECT r.strategy, t.pnl FROM runs r JOIN trades t ON r.run_id = t.run_id WHERE t.run_id = '{single}' AND
r.run_id = '{single}'

SELECT r.strategy, count(t.pnl) AS n FROM runs r LEFT JOIN trades t ON r.run_id = t.run_id AND t.run_id =
'{single}' GROUP BY r.strategy

SELECT count(*) AS n FROM equity e JOIN bars b ON e."timestamp" = b."timestamp" WHERE e.run_id = '{single}'
AND b.symbol = 'GOOG' AND b.timeframe = '1d' AND e.close = b.close

SELECT a.symbol AS a, b.symbol AS b, count(*) AS n FROM bars a JOIN bars b ON a."timestamp" = b."timestamp"
WHERE a.symbol = 'GOOG' AND b.symbol = 'IBM' AND a.timeframe = '1d' AND b.timeframe = '1d' GROUP BY 1, 2

SELECT symbol, share, count(*) AS n FROM runs_by_symbol JOIN equity_by_symbol USING (run_id, symbol) WHERE
run_id = '{several}' GROUP BY symbol, share

SELECT rank, CAST(json_extract(parameters, '$.fast') AS integer) AS fast FROM sweeps WHERE run_id = '{sweep}'
ORDER BY rank

SELECT window_number, out_of_sample_start FROM walk_forward WHERE run_id = '{walk_forward}' ORDER BY
window_number

SELECT run_id, json_extract_scalar(metrics, '$.sharpe') AS sharpe FROM runs ORDER BY run_id

SELECT run_id FROM runs WHERE EXISTS (SELECT 1 FROM trades WHERE trades.run_id = '{single}' AND pnl > 0) ORDER
BY run_id

SELECT x, i FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t (x, i)

SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t (n, s)

-- portfolios

SELECT count(*) AS n FROM portfolio_fills WHERE year = 2020

SELECT year, reduce_only, count(*) AS n FROM portfolio_orders GROUP BY year, reduce_only

SELECT symbol, bot IS NULL AS own, sum(pnl) AS pnl FROM portfolio_trades WHERE day >= current_date - INTERVAL '7'
DAY GROUP BY symbol, bot

SELECT order_id, max_by(status, sequence) AS status FROM portfolio_orders GROUP BY order_id ORDER BY order_id

SELECT t.symbol, f.order_id FROM portfolio_trades t JOIN portfolio_fills f USING (portfolio, trade_id) ORDER BY 1
