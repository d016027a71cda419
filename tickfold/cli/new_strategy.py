"""`tickfold new strategy`: a strategy of one's own that works as it stands, and its test."""

import keyword
import os
import re
import sys
from pathlib import Path
from string import Template
from typing import Annotated

import typer

import tickfold
from tickfold.cli.exit_codes import OutputError, UsageError
from tickfold.cli.next_steps import suggest

_ROOT = Path(tickfold.__file__).parents[1]
_TEMPLATES = Path(__file__).with_name("templates")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_LETTERS = 40


def strategy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _, such as dip_buyer.")],
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory",
            metavar="DIR",
            file_okay=False,
            help="Write both files into DIR. Left out: strategies/ and tests/strategies/own/ of the checkout.",
        ),
    ] = None,
) -> None:
    """Write a strategy that works as it stands, and its test, for you to change. Existing files are left alone.

    Example: tickfold new strategy dip_buyer
    """
    _check_name(name)
    folder, tests, package = _places(directory)
    source, test = folder / f"{name}.py", tests / f"test_{name}.py"
    words = {"name": name, "kind": _class_name(name), "module": f"{package}{name}"}
    _write({source: _filled("strategy.py.txt", words), test: _filled("test_strategy.py.txt", words)})
    source, test = (Path(os.path.relpath(path)) for path in (source, test))
    typer.echo(f"wrote {source}\nwrote {test}; run it with: pytest {test}")
    suggest(("check", str(source)), ("backtest", "<FILE>", str(source)))


def _check_name(name: str) -> None:
    """Check that a strategy, and its file, can have the name.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.fullmatch(name):
        plain = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix(".py"))).lower().strip("_")
        guess = f", such as {plain[:_MOST_LETTERS]}" if _NAME.fullmatch(plain[:_MOST_LETTERS]) else ""
        raise UsageError(
            f"{name!r} is not a strategy's name: write up to {_MOST_LETTERS} small letters, digits and _, a letter "
            f"first{guess}"
        )
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        raise UsageError(f"{name} is a name of Python's own, which its file would hide: choose another, my_{name}")
    from tickfold.strategies import BUILT_IN  # noqa: PLC0415 - loads numpy

    if name in BUILT_IN.strategies:
        raise UsageError(f"{name} is a strategy of Tickfold's: choose another name, such as my_{name}")


def _places(directory: Path | None) -> tuple[Path, Path, str]:
    """Return the folders of the strategy and of its test, and what comes before the module's name.

    Raises:
        UsageError: none is given, and Tickfold is not in a checkout.
    """
    if directory is not None:
        return directory, directory, ""
    if not (_ROOT / "strategies").is_dir():
        raise UsageError("Tickfold is installed without a checkout: say where to write with --directory, such as .")
    return _ROOT / "strategies", _ROOT / "tests" / "strategies" / "own", "strategies."


def _class_name(name: str) -> str:
    """Return the name of the class; another one than those that its file imports."""
    kind = "".join(word.capitalize() for word in name.split("_"))
    taken = re.search(rf"\b{kind}\b", (_TEMPLATES / "strategy.py.txt").read_text(encoding="utf-8"))
    return f"{kind}Rule" if taken else kind


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)


def _write(texts: dict[Path, str]) -> None:
    """Write new files, all or none.

    Raises:
        OutputError: one exists, or cannot be written.
    """
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink()
        advice = (
            "choose another name, or move it away" if isinstance(error, FileExistsError) else "choose a --directory"
        )
        raise OutputError(f"{error.filename} cannot be written ({error.strerror}): {advice}") from None
