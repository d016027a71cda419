"""Strategy files: Python files that define subclasses of Strategy. A faulty file does not affect the others."""

import ast
import importlib.util
import inspect
import pkgutil
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from tickfold.alarm import alarm
from tickfold.errors import RunError
from tickfold.strategies.strategy import Strategy

FOLDER = Path(__file__).resolve().parents[2] / "strategies"
"""The folder of the user's strategies: beside `tickfold`, in the repository and in the Lambda package."""

PACKAGES = ("annotated_types", "numpy", "pyarrow", "pydantic", "tickfold", "typing_extensions")
"""Packages that a strategy may import besides the standard library: those that the Lambda layers contain."""

IMPORT_SECONDS = 5.0
"""Importing a strategy's file takes no longer."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class StrategyFileError(RunError):
    """A strategy file cannot be used; the message names the file."""


def load_folder(folder: Path, known: Mapping[str, type[Strategy]]) -> tuple[dict[str, type[Strategy]], dict[str, str]]:
    """Return the strategies that the Python files of `folder` define, by name, and the faults by the name asked for.

    A file that cannot be used is a fault under its stem and stops no other. A name that two files define is a fault
    too, and stands for neither. Folders and files that begin with `_` are skipped. A missing folder is empty.
    """
    owners: dict[str, list[type[Strategy]]] = {}
    faults: dict[str, str] = {}
    for module in pkgutil.iter_modules([str(folder)]):
        if module.ispkg or module.name.startswith("_"):
            continue
        spec = PathFinder.find_spec(f"strategies.{module.name}", [str(folder)])
        try:
            for strategy in _load(spec, f"strategies/{module.name}.py", known):
                owners.setdefault(strategy.name, []).append(strategy)
        except StrategyFileError as error:
            faults[module.name] = str(error)
    faults |= {name: _clash(classes) for name, classes in owners.items() if len(classes) > 1}
    return {name: classes[0] for name, classes in owners.items() if len(classes) == 1}, faults


def load_file(path: Path, known: Mapping[str, type[Strategy]]) -> list[type[Strategy]]:
    """Return the strategies that a file defines, at least one.

    Raises:
        StrategyFileError: the file does not exist or cannot be imported, or it defines no strategy, an abstract one, or
            one with the name of a `known` one.
    """
    if not path.is_file():
        raise StrategyFileError(f"{path}: there is no such file")
    return _load(importlib.util.spec_from_file_location(f"strategies.{path.stem}", path), str(path), known)


def file_of(strategy: type[Strategy]) -> Path:
    """Return the file that defines `strategy`."""
    return Path(inspect.getfile(strategy))


def foreign_imports(path: Path) -> list[str]:
    """Return the packages that the file imports, also inside functions, and that the Lambda layers do not contain."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    packages = {name.partition(".")[0] for name in names}
    return sorted(packages - sys.stdlib_module_names - set(PACKAGES))


def _clash(strategies: list[type[Strategy]]) -> str:
    files = " and ".join(dict.fromkeys(f"strategies/{strategy.__module__.split('.')[1]}.py" for strategy in strategies))
    classes = " or ".join(strategy.__name__ for strategy in strategies)
    return f"{files}: the name {strategies[0].name!r} is taken twice; give {classes} another one"


def _load(spec: ModuleSpec | None, file: str, known: Mapping[str, type[Strategy]]) -> list[type[Strategy]]:
    if spec is None or spec.loader is None:
        raise StrategyFileError(f"{file} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic resolves annotations there
    try:
        with _import_limit():
            spec.loader.exec_module(module)
    except (Exception, SystemExit, _ImportTooLongError) as error:
        del sys.modules[spec.name]
        raise StrategyFileError(f"{file} cannot be imported: {_explain(error, module.__file__)}") from error
    own = list(_own(module))
    strategies = [strategy for strategy in own if not inspect.isabstract(strategy)]
    if not own:
        raise StrategyFileError(f"{file} defines no strategy: expected a class that inherits from Strategy")
    for strategy in strategies or own:
        if fault := fault_of(strategy, known):
            raise StrategyFileError(f"{file}: {strategy.__name__} {fault}")
    return strategies


class _ImportTooLongError(BaseException):
    """Raised within a file whose import does not end; no Exception, which the file may catch."""


def _import_limit() -> AbstractContextManager[None]:
    """Interrupt an import that takes longer than `IMPORT_SECONDS`, in a main thread, which alone gets signals."""
    if threading.current_thread() is not threading.main_thread():
        return nullcontext()
    return alarm(IMPORT_SECONDS, _ImportTooLongError(f"it ran longer than {IMPORT_SECONDS:g} s"))


def _own(module: ModuleType) -> Iterator[type[Strategy]]:
    """Yield the strategies that the module itself defines, abstract ones included."""
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Strategy) and value.__module__ == module.__name__:
            yield value


def fault_of(strategy: type[Strategy], known: Mapping[str, type[Strategy]]) -> str:
    """Return what is wrong with `strategy`; empty if nothing is."""
    if missing := sorted(getattr(strategy, "__abstractmethods__", ())):
        return f"lacks {' and '.join(missing)}"
    if inspect.isfunction(vars(strategy).get("lookback")):
        return "has a method lookback; expected a property: write @property above it"
    name = getattr(strategy, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        given = "has no name" if name is None else f"has the name {name!r}"
        return f'{given}; expected name: ClassVar[str] = "my_strategy", of up to 40 small letters, digits and _'
    return f"takes the name {name!r}, which Tickfold has for a strategy; give it another" if name in known else ""


def _explain(error: BaseException, path: str | None) -> str:
    """Return the error's message, with the line of the file."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    told = str(error) if isinstance(error, _ImportTooLongError) else f"{type(error).__name__}: {error}"
    return f"{f'line {lines[-1]}: ' if lines else ''}{told}"
