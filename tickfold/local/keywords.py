"""The keywords of the functions: the options of a config, how bars are read, and a strategy's own parameters.

They are derived from the protocol's models, so that a field is written once, there.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from inspect import Parameter, cleandoc, signature
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from tickfold.errors import RunError
from tickfold.market_data.reading_options import ReadingOptions
from tickfold.protocol import TAGS, BacktestConfig
from tickfold.protocol.field_option import FieldOption, field_options, place, spelled
from tickfold.protocol.sizing import parse_size
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.validation import explain
from tickfold.protocol.wire import Wire

Function = TypeVar("Function", bound=Callable[..., Any])

READING = tuple(field.name for field in fields(ReadingOptions) if field.name != "symbol")
"""Keywords that say how bars are read."""
_READING = TypeAdapter(ReadingOptions)
_OWN_ARGUMENTS = frozenset({"stock", "strategy", "parameters", "timeframe", "walkForward"})
"""Fields that are arguments of their own."""
_ARGUMENTS = {"walkForward.inSample": "in_sample", "walkForward.outOfSample": "out_of_sample"}
"""Fields within those, as an error names them, by what they are as arguments."""
_OF_STACKS = frozenset({"chunks", "adjustment"})
"""Fields of what only a stack has: workers, and raw bars with their splits and dividends."""


@dataclass(frozen=True)
class Given:
    """The keywords of a call by what they mean. `request` is the part of a config that the options make."""

    request: dict[str, Any]
    reading: dict[str, Any]
    parameters: dict[str, Any]


class Keywords:
    """The keywords of a function that runs a config of one kind."""

    def __init__(self, model: type[Wire]) -> None:
        self._model = model
        found = [each for each in field_options(model) if each.path[0] not in _OWN_ARGUMENTS | _OF_STACKS]
        self.options: dict[str, FieldOption] = {each.keyword: each for each in found}
        stated = {name: each.option.default for name, each in self.options.items()}
        self._defaults = {name: value for name, value in stated.items() if value not in (..., None)}

    def on(self, function: Function) -> Function:
        """Show the keywords in the signature of `function`, which takes them by name, and in its documentation."""
        shown = signature(function)
        own, options = list(shown.parameters.values())[:-1], list(shown.parameters.values())[-1]
        derived = [_parameter(name, each.default) for name, each in self.options.items()]
        derived += [_parameter(name, None) for name in READING]
        function.__signature__ = shown.replace(parameters=[*own, *derived, options])  # type: ignore[attr-defined]
        lines = [f"    {name}: {each.field.description}" for name, each in self.options.items()]
        reading = f"    {', '.join(READING)}: how to read the bars, as for `tickfold data load`."
        function.__doc__ = "\n".join([cleandoc(function.__doc__ or ""), "", "Options:", *lines, reading])
        return function

    def sort(
        self, given: Mapping[str, Any], strategy: str, accepted: Collection[str], parameters: Mapping[str, Any] | None
    ) -> Given:
        """Return what the keywords `given` mean for `strategy`, which has the parameters `accepted`.

        `parameters` are those that were given by name in a mapping.

        Raises:
            RunError: a keyword is neither an option nor a parameter, or is both.
        """
        named = _named(parameters)
        options = {**dict.fromkeys(self.options), **dict.fromkeys(READING)}
        if unknown := [name for name in given if name not in options and name not in accepted]:
            raise RunError(self._unknown(unknown, strategy, accepted))
        if unclear := [name for name in given if name in options and name in accepted and name not in named]:
            raise RunError(
                f"{unclear[0]} is an option and a parameter of {strategy}: give the parameter by "
                f'parameters={{"{unclear[0]}": …}}'
            )
        if twice := [name for name in given if name in named and name not in options]:
            raise RunError(f"parameter {twice[0]} is given twice")
        chosen = self._defaults | {name: value for name, value in given.items() if name in self.options}
        return Given(
            request=place((self.options[name], _value(name, value)) for name, value in chosen.items()),
            reading=_reading({name: value for name, value in given.items() if name in READING}),
            parameters=self._values(plain(named | {name: given[name] for name in given if name not in options})),
        )

    def _values(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self._model is BacktestConfig:
            for name, value in parameters.items():
                if isinstance(value, list | dict):
                    raise RunError(f"parameter {name} is one number, not {value!r}; tickfold.sweep takes many")
        return parameters

    def config(self, request: Mapping[str, Any]) -> Any:
        """Validate a request's config.

        Raises:
            RunError: a value is wrong; the message names its keyword.
        """
        try:
            return self._model.model_validate(request)
        except ValidationError as error:
            raise RunError(self.spelled(explain(error, without=TAGS))) from None

    def spelled(self, text: str) -> str:
        """Return an error's `text` with keywords for the names of fields."""
        for field, keyword in _ARGUMENTS.items():
            text = text.replace(field, keyword)
        return spelled(text, self.options.values(), lambda option: option.keyword)

    def _unknown(self, unknown: list[str], strategy: str, accepted: Collection[str]) -> str:
        known = [*self.options, *READING]
        guess = suggestion(unknown[0], [*known, *accepted]) if len(unknown) == 1 else ""
        return (
            f"unknown option {', '.join(unknown)}{guess}; parameters of {strategy}: {', '.join(accepted) or 'none'}; "
            f"options: {', '.join(known)}"
        )


def _parameter(name: str, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None if default is ... else default)


def _named(parameters: Any) -> dict[str, Any]:
    if parameters is None or isinstance(parameters, Mapping):
        return dict(parameters or {})
    raise RunError(f'parameters is a {type(parameters).__name__}: expected such as {{"fast": 10}}')


def _reading(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of reading, with names of columns as text as a command has them."""
    if isinstance(names := given.get("columns"), str):
        given = given | {"columns": tuple(name.strip() for name in names.split(","))}
    try:
        return vars(_READING.validate_python(given))
    except ValidationError as error:
        raise RunError(explain(error)) from None


def plain(value: Any) -> Any:
    """Return `value` as JSON would have it: a number for numpy's, a list for a range, an array or the like."""
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, and pandas' columns
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(each) for each in value]
    return value


def _value(name: str, value: Any) -> Any:
    """Return the value of a field from what a caller gives for its keyword."""
    if name in ("start", "end"):
        return None if value is None else _day(name, value)
    if name == "size":
        return _size(value)
    return value if isinstance(value, Wire) else plain(value)


def _day(name: str, value: Any) -> date:
    """Return the day that a text, a date, or a time at midnight is, of whatever library."""
    found = value.astype("datetime64[us]").item() if isinstance(value, np.datetime64) else value
    if isinstance(found, str):
        with suppress(ValueError):
            found = datetime.strptime(found, "%Y-%m-%d").date()
    if isinstance(found, datetime) and found.time() == time():
        found = found.date()
    if not isinstance(found, date) or isinstance(found, datetime):
        raise RunError(f"{name} {value!r}: must be a day such as 2024-01-31")
    return found


def _size(value: Any) -> Any:
    if not isinstance(value, str):
        return {"kind": "fraction", "value": value} if isinstance(value, int | float) else value
    if ":" not in value:
        return {"kind": "fraction", "value": value}
    try:
        return parse_size(value)
    except ValueError as error:
        raise RunError(f"size {error}") from None
