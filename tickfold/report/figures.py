"""The charts, as dictionaries for plotly.js, which interprets markup in texts: of data they hold symbols alone."""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt

from tickfold.backtests.recorded_run import ClosedTrades, Curve
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.engine.decisions.exits import REASONS
from tickfold.protocol.formats import counted, money, percent
from tickfold.report.thinning import drawn_bars

Figure = dict[str, Any]

# Colours that are read on white and on black; what depends on the page being light or dark is left to its script.
EQUITY, BENCHMARK, MUTED = "#3b82c4", "#929ca7", "#84909c"
GAIN, LOSS, LONG, SHORT = "#2f9068", "#cf5646", "#12938a", "#d9731a"

_ENDED = {reason: f" by {reason.replace('_', ' ')}" for reason in REASONS}
MOST_TRADES_DRAWN = 1_000
MOST_SYMBOLS_DRAWN = 12
_COLOURS = (EQUITY, SHORT, GAIN, LOSS, "#8a63c9", LONG, "#b08a1e", MUTED, "#c95a9b", "#5a7d2a", "#4a6fd4", "#a0622d")
_FEW_TRADES = 200
_MOST_BINS = 40


def equity_figure(curve: Curve, benchmark: Floats, drawn: Ints) -> Figure:
    """Draw equity against buy and hold."""
    x = _times(curve.timestamp[drawn])
    hover = "%{y:,.2f}"
    return _over_time(
        curve.timestamp,
        [
            _line("Buy and hold", x, benchmark[drawn], BENCHMARK, hover),
            _line("Equity", x, curve.equity[drawn], EQUITY, hover, width=1.8),
        ],
        yaxis={"tickformat": ",~r"},
        hovermode="x unified",
    )


def drawdown_figure(curve: Curve, depth: Floats, drawn: Ints) -> Figure:
    """Draw the distance of equity from its highest value so far."""
    line = _line("Drawdown", _times(curve.timestamp[drawn]), depth[drawn], LOSS, "%{y:.2%}")
    line |= {"fill": "tozeroy", "fillcolor": "rgba(207, 86, 70, 0.18)"}
    return _over_time(
        curve.timestamp,
        [line],
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
        hovermode="x unified",
        showlegend=False,
    )


def trades_figure(curve: Curve, trades: ClosedTrades, drawn: Ints) -> Figure:
    """Draw entries and exits on the close: entries are triangles, up for long and down for short, exits are rings.

    A ring is wider than a triangle, so both are seen where a reversal closes and opens at one price; for the same
    reason hovering shows all trades at a time.
    """
    price = _line("Close", _times(curve.timestamp[drawn]), curve.close[drawn], BENCHMARK, "%{y:,.2f}")
    price["hoverinfo"] = "skip"
    del price["hovertemplate"]
    chosen = drawn_trades(trades)
    lines, exits, entries = [], [], []
    clock = _clock(curve.timestamp)
    for name, side, colour, symbol in (("Long", 1, LONG, "triangle-up"), ("Short", -1, SHORT, "triangle-down")):
        of_side = chosen[chosen.side == side]
        if not len(of_side):
            continue
        texts = [_hover_text(name, of_side, at, clock) for at in range(len(of_side))]
        size = 8 if len(chosen) <= _FEW_TRADES else 5
        filled = {"symbol": symbol, "size": size, "color": colour}
        ring = {"symbol": "circle-open", "size": size + 5, "color": colour, "line": {"width": size / 5}}
        lines.append(_held(of_side, colour))
        entries.append(_points(f"{name} entry", of_side.entry_time, of_side.entry_price, filled, texts))
        exits.append(_points(f"{name} exit", of_side.exit_time, of_side.exit_price, ring, texts))
    return _over_time(
        curve.timestamp,
        [price, *lines, *exits, *entries],
        yaxis={"tickformat": ",~r"},
        hovermode="x",
    )


def symbols_figure(curves: Mapping[str, Curve]) -> Figure:
    """Draw what each symbol has gained: its equity less its share of the capital, in dollars."""
    lines = []
    for (symbol, curve), colour in zip(drawn_symbols(curves).items(), cycle(_COLOURS), strict=False):
        drawn = drawn_bars(len(curve), curve.equity)
        gain = (curve.equity - curve.capital)[drawn]
        lines.append(_line(_plain(symbol), _times(curve.timestamp[drawn]), gain, colour, "%{y:,.2f}"))
    times = np.unique(np.concatenate([curve.timestamp[[0, -1]] for curve in curves.values()]))
    return _over_time(times, lines, yaxis={"tickformat": ",~r"}, hovermode="x unified")


def drawn_symbols(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """Return the curves to draw: all, or those of the symbols of too many that won or lost most dollars."""
    moved = sorted(curves, key=lambda symbol: -abs(float(curves[symbol].equity[-1]) - curves[symbol].capital))
    kept = {*moved[:MOST_SYMBOLS_DRAWN]}
    return {symbol: curve for symbol, curve in curves.items() if symbol in kept}


def _plain(symbol: str) -> str:
    """Return a symbol without what plotly.js would interpret; a valid one has nothing of it."""
    return re.sub("[<>&;]", " ", symbol)


def drawn_trades(trades: ClosedTrades) -> ClosedTrades:
    """Return the trades to draw: all, or the largest winners and losers of too many."""
    if len(trades) <= MOST_TRADES_DRAWN:
        return trades
    return trades[np.sort(np.argsort(-np.abs(trades.pnl), kind="stable")[:MOST_TRADES_DRAWN])]


def distribution_figure(trades: ClosedTrades) -> Figure:
    """Draw a histogram of trade returns, with a bin edge at zero."""
    returns = trades.trade_return
    width = _bin_width(returns)
    low, high = int(np.floor(returns.min() / width)), int(np.floor(returns.max() / width)) + 1
    edges = np.arange(low, high + 1) * width
    counts, _ = np.histogram(returns, edges)
    left = edges[:-1]
    bars = {
        "type": "bar",
        "x": _numbers(np.asarray(left + width / 2, dtype=np.float64)),
        "y": counts.tolist(),
        "width": width * 0.94,
        "marker": {"color": [GAIN if at >= -width / 2 else LOSS for at in left.tolist()]},
        "hovertext": [f"{percent(at)} to {percent(at + width)}" for at in left.tolist()],
        "hovertemplate": "%{hovertext}: %{y} trades<extra></extra>",
    }
    mean = float(returns.mean())
    layout = _layout(
        showlegend=False,
        xaxis={
            "tickformat": ".0%" if width >= 0.005 else ".2%",
            "title": {"text": "return of a trade"},
            "rangemode": "tozero",
        },
        yaxis={"title": {"text": "trades", "standoff": 8}, "tickformat": ",d"} | _whole_ticks(int(counts.max())),
        bargap=0,
        shapes=[_upright(mean)],
        annotations=[
            {
                "x": mean,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "text": f"mean {percent(mean)}",
                "font": {"size": 12, "color": MUTED},
            }
        ],
    )
    layout["margin"]["t"] = 28
    return {"data": [bars], "layout": layout}


def _whole_ticks(highest: int) -> Figure:
    return {"dtick": 1} if highest < 5 else {}


def _upright(x: float) -> Figure:
    line = {"color": MUTED, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _bin_width(returns: Floats) -> float:
    """Return a width of 1, 2 or 5 times a power of ten that gives at most `_MOST_BINS` bins, or few more."""
    spread = float(max(returns.max(), 0) - min(returns.min(), 0)) or 0.01
    most = min(_MOST_BINS, max(8, int(2 * len(returns) ** 0.5)))
    power = 10.0 ** np.floor(np.log10(spread / most))
    return float(next(power * step for step in (1, 2, 5, 10) if power * step * most >= spread))


def _points(name: str, time: Ints, price: Floats, marker: Figure, texts: list[str]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": _times(time),
        "y": _numbers(price),
        "marker": marker,
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _held(trades: ClosedTrades, colour: str) -> Figure:
    """Return the lines from entries to exits, with gaps between them."""
    gap = np.full(len(trades), np.nan)
    ends = (_milliseconds(trades.entry_time), _milliseconds(trades.exit_time), gap)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _numbers(np.column_stack(ends).ravel()),
        "y": _numbers(np.column_stack((trades.entry_price, trades.exit_price, gap)).ravel()),
        "line": {"color": colour, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _hover_text(name: str, trades: ClosedTrades, at: int, clock: str) -> str:
    entered, left = (
        datetime.fromtimestamp(int(time[at]) / 1e6, UTC).strftime(clock)
        for time in (trades.entry_time, trades.exit_time)
    )
    bars = int(trades.bars[at])
    return "<br>".join(
        [
            f"<b>{name}: {money(trades.pnl[at])} dollars, {percent(trades.trade_return[at])}</b>",
            f"in {entered} at {money(trades.entry_price[at])}",
            f"out {left} at {money(trades.exit_price[at])}{_ENDED.get(trades.exit_reason[at], '')}",
            f"{trades.quantity[at]:,.6g} shares, {counted(bars, 'bar')}",
        ]
    )


def _clock(timestamp: Ints) -> str:
    """Return the format of times: days only, if every bar is at midnight."""
    return "%Y-%m-%d %H:%M" if (timestamp % MICROSECONDS_PER_DAY).any() else "%Y-%m-%d"


def _line(name: str, x: Figure, y: Floats, colour: str, hover: str, *, width: float = 1.2) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": _numbers(y),
        "line": {"color": colour, "width": width},
        "hovertemplate": hover,
    }


def _over_time(timestamp: Ints, traces: list[Figure], **layout: Any) -> Figure:
    start, stop = (float(_milliseconds(timestamp[[at]])[0]) for at in (0, -1))
    margin = (stop - start) * 0.005 or 1.0
    axis = {"type": "date", "range": [start - margin, stop + margin], "hoverformat": _clock(timestamp)}
    return {"data": traces, "layout": _layout(xaxis=axis, **layout)}


def _layout(xaxis: Figure, yaxis: Figure, **more: Any) -> Figure:
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 12},
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": {"automargin": True, "showgrid": False} | xaxis,
        "yaxis": {"automargin": True} | yaxis,
    } | more


def _milliseconds(timestamp: Ints) -> Floats:
    return timestamp / 1_000


def _times(timestamp: Ints) -> Figure:
    return _numbers(_milliseconds(timestamp))


def _numbers(values: npt.NDArray[np.float64]) -> Figure:
    """Return `values` in plotly.js's binary form: half the size of digits; NaN is a gap."""
    return {"dtype": "f8", "bdata": b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode("ascii")}
