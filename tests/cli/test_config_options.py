"""The options of `run` and `sweep` follow from the fields of the protocol's configs."""

from collections.abc import Iterator
from datetime import date
from inspect import Parameter, signature
from typing import Annotated, Any, Literal, get_args

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from tickfold.cli.command_option import CommandOption, command_options
from tickfold.cli.config_options import ConfigOptions
from tickfold.cli.forms import FORMS
from tickfold.cli.run import RUN
from tickfold.cli.sweep import SWEEP
from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig, SweepConfig, dump
from tickfold.protocol.option import Option, Panel
from tickfold.protocol.quantities import BarCount, Fraction
from tickfold.protocol.wire import Wire

GIVEN = ["--symbol", "goog", "--start", "2020-01-01", "--end", "2020-12-31"]


class Hedge(Wire):
    ratio: Annotated[Fraction, Field(description="Fraction of the position.")] = 0.0
    with_symbol: Annotated[str | None, Field(description="What it is hedged with.")] = None


class Longer(BacktestConfig):
    """A config with more fields, one of each kind that needs no form of its own."""

    cooldown_bars: Annotated[
        BarCount | None, Field(description="Bars to wait after a loss."), Option(panel="Orders")
    ] = None
    mode: Annotated[Literal["calm", "eager"], Field(description="How to trade."), Option(panel="Strategy")] = "calm"
    rebate: Annotated[Fraction, Field(description="Paid back."), Option("--cash-back", panel="Money")] = 0.0
    warm: Annotated[bool, Field(description="Begin warm.")] = False
    leverage: Annotated[float, Field(gt=0, description="Times the cash.")] = 1.0
    hedge: Annotated[Hedge, Field(description="A hedge."), Option(panel="Money")] = Hedge()


def leaves(model: type[Wire], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the path of every field on the wire, and of those in the models that it holds."""
    for field in model.model_fields.values():
        path = (*above, str(field.alias))
        if isinstance(field.annotation, type) and issubclass(field.annotation, Wire):
            yield from leaves(field.annotation, path)
        else:
            yield path


def options_by_flag(model: type[Wire]) -> dict[str, CommandOption]:
    return {option.flag: option for option in command_options(model)}


def parse(options: ConfigOptions[Any], *arguments: str) -> Any:
    """Return the config of a command that is called with `arguments`."""
    found: list[Any] = []
    app = typer.Typer()

    @app.command()
    @options.on
    def command(**given: Any) -> None:
        found.append(options.config(options.request(given)))

    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 0, ended.output + str(ended.exception)
    return found[0]


@pytest.mark.parametrize("options", [RUN, SWEEP], ids=["run", "sweep"])
def test_every_field_of_a_config_is_set_by_exactly_one_option(options: ConfigOptions[Any]) -> None:
    model = BacktestConfig if options is RUN else SweepConfig
    # The dotted names of a form's inner fields count too: one option writes all of them.
    reached = [name for option in options.options for name in option.names]
    assert len(reached) == len(set(reached))
    assert {".".join(path) for path in leaves(model)} <= set(reached)
    flags = [option.flag for option in options.options]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("options", [RUN, SWEEP], ids=["run", "sweep"])
def test_every_option_has_a_description_of_its_own(options: ConfigOptions[Any]) -> None:
    texts = [option.parameter().annotation.__metadata__[0].help for option in options.options]
    assert all(texts)
    assert len(texts) == len(set(texts))


def test_options_come_panel_by_panel() -> None:
    panels = [option.option.panel for option in SWEEP.options]
    assert list(dict.fromkeys(panels)) == [*get_args(Panel), None]


def test_added_field_becomes_an_option() -> None:
    added = {
        flag: option for flag, option in options_by_flag(Longer).items() if flag not in options_by_flag(BacktestConfig)
    }
    assert {flag: (".".join(option.path), option.option.panel) for flag, option in added.items()} == {
        "--cooldown-bars": ("cooldownBars", "Orders"),
        "--mode": ("mode", "Strategy"),
        "--cash-back": ("rebate", "Money"),
        "--warm": ("warm", None),
        "--leverage": ("leverage", None),
        "--hedge-ratio": ("hedge.ratio", "Money"),
        "--hedge-with-symbol": ("hedge.withSymbol", "Money"),
    }
    shown = {flag: option.parameter().annotation.__metadata__[0] for flag, option in added.items()}
    assert (shown["--cooldown-bars"].metavar, shown["--cooldown-bars"].min) == ("BARS", 1)
    assert shown["--cash-back"].help == "Paid back. Such as 0.002, 0.2% or 20bp."
    assert shown["--mode"].help == "How to trade."


def test_added_fields_are_read_from_the_command_line() -> None:
    more = (
        "--cooldown-bars 3 --mode eager --cash-back 5bp --warm --leverage 2 --hedge-ratio 0.5 --hedge-with-symbol ibm"
    )
    found = parse(ConfigOptions(Longer), *GIVEN, *more.split())
    assert (found.cooldown_bars, found.mode, found.rebate, found.warm, found.leverage) == (3, "eager", 0.0005, True, 2)
    assert found.hedge == Hedge(ratio=0.5, with_symbol="ibm")


def test_options_that_are_left_out_give_the_fields_defaults() -> None:
    found = parse(RUN, *GIVEN)
    assert dump(found) == dump(
        BacktestConfig(stock="GOOG", start_date=date(2020, 1, 1), end_date=date(2020, 12, 31), start_capital=10_000)
    )


def test_days_that_are_left_out_are_not_in_the_request() -> None:
    requests: list[dict[str, Any]] = []
    app = typer.Typer()

    @app.command()
    @RUN.on
    def command(**given: Any) -> None:
        requests.append(RUN.request(given))

    assert CliRunner().invoke(app, ["--symbol", "a"]).exit_code == 0
    assert {"startDate", "endDate", "timeframe", "sizing", "limit"}.isdisjoint(requests[0])
    assert (requests[0]["stock"], requests[0]["startCapital"], requests[0]["parameters"]) == ("a", 10_000.0, {})


def test_field_without_a_form_for_its_type_is_refused() -> None:
    class Unwritable(BacktestConfig):
        levels: Annotated[dict[str, float] | list[float], Field(description="Levels.")]

    with pytest.raises(TypeError, match=r"Unwritable\.levels cannot be given on the command line: name a form"):
        command_options(Unwritable)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizing": {"kind": "lots", "value": 1}}, "--size 'lots': "),
        ({"commission": {"perShare": -1}}, "--commission-per-share -1: "),
        ({"commission": {"relative": 2}}, "--commission 2: "),
        ({"stopLoss": 2}, "--stop-loss 2: "),
        ({"limitBars": 2}, "--limit-bars needs --limit: "),
        ({"closeAtEnd": "perhaps"}, "--close-at-end 'perhaps': "),
        ({"stock": [{"symbol": "A", "share": 0}]}, "--symbol 0: "),
    ],
)
def test_error_names_the_option_of_the_field(change: dict[str, Any], message: str) -> None:
    request = {"stock": "A", "startDate": "2020-01-01", "endDate": "2020-12-31", "startCapital": 1} | change
    with pytest.raises(RunError) as refused:
        RUN.config(request)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(("options", "flags"), [(RUN, ["--symbol"]), (SWEEP, ["--symbol", "--strategy"])])
def test_only_what_has_no_default_is_required(options: ConfigOptions[Any], flags: list[str]) -> None:
    @options.on
    def command(**given: Any) -> None:
        pass

    parameters = signature(command).parameters
    assert [each.flag for each in options.options if parameters[each.name].default is Parameter.empty] == flags


def test_every_form_is_the_form_of_a_field() -> None:
    used = {option.option.form for option in (*RUN.options, *SWEEP.options)}
    assert set(FORMS) <= used
