"""The report's page: one HTML file that needs no other, and that a browser keeps from the network."""

from datetime import UTC
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from tickfold.backtests.recorded_run import RecordedRun
from tickfold.engine.arrays import Floats, Ints
from tickfold.protocol.formats import count, frequency
from tickfold.protocol.symbol import shown_symbols
from tickfold.report import figures, tables
from tickfold.report.content_security import inline_script, policy
from tickfold.report.conventions import arithmetic_of
from tickfold.report.drawdown_table import underwater
from tickfold.report.headline import facts, headline, strategy_of
from tickfold.report.thinning import STRETCHES, drawn_bars


def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("tickfold.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["count"] = count
    found.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return found


_TEMPLATES = _templates()


def page(run: RecordedRun, plotly: str) -> str:
    """Return the report of `run` as HTML, with `plotly`, the text of plotly.js, inside."""
    curve, other = run.curve, arithmetic_of(run)
    depth = underwater(curve.equity, curve.capital)
    benchmark = run.benchmark
    drawn = drawn_bars(len(curve), curve.equity, depth, benchmark)
    scripts = [inline_script(plotly), inline_script(_file("report.js"))]
    return _TEMPLATES.get_template("page.html.j2").render(
        style=_file("report.css"),
        scripts=scripts,
        policy=policy(scripts),
        result=run.result,
        symbols=shown_symbols(run.result.symbol),
        strategy=strategy_of(run),
        facts=facts(run),
        headline=headline(run),
        charts=_charts(run, benchmark, depth, drawn),
        bars=len(curve),
        bars_drawn=len(drawn),
        stretches=STRETCHES,
        has_logarithm=bool((curve.equity > 0).all()),
        trades=len(run.trades),
        trades_drawn=len(figures.drawn_trades(run.trades)),
        metric_groups=tables.metric_tables(run),
        monthly_returns=tables.monthly_table(curve),
        drawdowns=tables.drawdowns_table(curve),
        symbol_table=tables.symbols_table(run) if run.symbols else None,
        symbols_drawn=len(figures.drawn_symbols(run.symbols)),
        trade_groups=tables.trade_groups_table(run),
        conventions=tables.conventions_table(run, other),
        periods=frequency(other.periods),
        started=f"{run.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        took=f"{run.result.duration_seconds:,.1f}",
    )


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _charts(run: RecordedRun, benchmark: Floats, depth: Floats, drawn: Ints) -> dict[str, figures.Figure]:
    found = {
        "equity-figure": figures.equity_figure(run.curve, benchmark, drawn),
        "drawdown-figure": figures.drawdown_figure(run.curve, depth, drawn),
    }
    if run.symbols:
        found["symbols-figure"] = figures.symbols_figure(run.symbols)
    else:
        found["trades-figure"] = figures.trades_figure(run.curve, run.trades, drawn)
    if len(run.trades):
        found["distribution-figure"] = figures.distribution_figure(run.trades)
    return found
