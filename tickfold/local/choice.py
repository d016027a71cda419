"""The choice of a strategy: by name, by file, or a class or an instance of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickfold.errors import RunError
from tickfold.strategies import BUILT_IN, Registry, Strategy
from tickfold.strategies.files import FOLDER, fault_of, load_file


@dataclass(frozen=True)
class Choice:
    """A strategy that was chosen: its `name` in a `registry`, and the parameters that an instance has set."""

    registry: Registry
    name: str
    parameters: Mapping[str, Any]

    @property
    def accepted(self) -> list[str]:
        """The names of its parameters."""
        return list(self.registry.strategies[self.name].model_fields)


def choose(strategy: "str | Path | Strategy | type[Strategy]") -> Choice:
    """Return the choice that `strategy` makes: a name, a Python file, a class or an instance.

    Raises:
        RunError: there is no such strategy, its file is faulty, or it is none.
    """
    if isinstance(strategy, Strategy):
        return _of_class(type(strategy), strategy.model_dump())
    if isinstance(strategy, type) and issubclass(strategy, Strategy):
        return _of_class(strategy, {})
    if isinstance(strategy, Path) or (isinstance(strategy, str) and strategy.endswith(".py")):
        return _of_file(Path(strategy))
    if isinstance(strategy, str):
        return _named(strategy)
    raise RunError(
        f"strategy is a {type(strategy).__name__}: expected the name of one, or a class that inherits from "
        "tickfold.Strategy, or an instance of one"
    )


def _named(name: str) -> Choice:
    registry = BUILT_IN if name in BUILT_IN.strategies else Registry.discover(FOLDER)
    if name not in registry.strategies:
        registry.create(name, {})  # raises what is known of it
    return Choice(registry, name, {})


def _of_file(path: Path) -> Choice:
    found = load_file(path, BUILT_IN.strategies)
    if len(found) > 1:
        names = ", ".join(each.__name__ for each in found)
        raise RunError(f"{path} defines {len(found)} strategies ({names}): import the one, and give its class")
    return _of_class(found[0], {})


def _of_class(strategy: type[Strategy], parameters: Mapping[str, Any]) -> Choice:
    known = BUILT_IN.strategies
    if strategy not in known.values() and (fault := fault_of(strategy, known)):
        raise RunError(f"{strategy.__name__} {fault}")
    return Choice(Registry({**known, strategy.name: strategy}), strategy.name, parameters)
