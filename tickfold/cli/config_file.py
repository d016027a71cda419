"""`tickfold.toml`: defaults of options, from the nearest file of the working directory or above, and the user's own.

A key without a table is a default of `run`, `sweep` and `backtest`; `[COMMAND]` has defaults of one command, and wins.
`[stack]` names the stack. What is in the environment or on the command line comes before any file.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from tickfold.cli.exit_codes import UsageError

NAME = "tickfold.toml"
VARIABLE = "TICKFOLD_CONFIG"
"""The environment variable that names the one file to read, in place of those that are found; empty for none."""

STACK = "stack"
"""The table that names the stack."""

SHARED = ("run", "sweep", "backtest")
"""The commands for which keys without a table are."""


class ConfigError(UsageError):
    """A `tickfold.toml` cannot be used. The message names file and key, what is wrong, and what to do."""


@dataclass(frozen=True)
class Setting:
    """A value in a file; `key` as in `run.capital`, with dashes."""

    key: str
    value: Any
    file: Path

    @property
    def origin(self) -> str:
        """Where it is written."""
        return f"{self.file}:{self.key}"


def files() -> list[Path]:
    """Return the files that apply, the one that wins first."""
    if (named := os.environ.get(VARIABLE)) is not None:
        return [Path(named)] if named else []
    here = Path.cwd()
    nearest = next((path for folder in (here, *here.parents) if (path := folder / NAME).is_file()), None)
    own = Path(typer.get_app_dir("tickfold")) / NAME
    return list(dict.fromkeys([*([nearest] if nearest else []), *([own] if own.is_file() else [])]))


def read_settings() -> dict[str, Setting]:
    """Return the settings of all files by key, of each key the one that wins.

    Raises:
        ConfigError: a file cannot be read, or is not TOML.
    """
    found: dict[str, Setting] = {}
    for file in files():
        for key, value in _flat(_parsed(file)):
            found.setdefault(key, Setting(key, value, file))
    return found


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if hasattr(os, "geteuid") and file.stat().st_uid not in (0, os.geteuid()):
            raise ConfigError(
                f"{file} belongs to another user, who could name a stack that gets your token: remove it, or set "
                f"{VARIABLE} to the file to read, empty for none"
            )
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f'{file} is not TOML: {error}. Write lines such as commission = "0.1%"') from None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name.replace("_", "-")
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def unknown(setting: Setting, known: Iterable[str]) -> ConfigError:
    """Return the error for a key that is none of `known`."""
    from tickfold.protocol.spelling import suggestion  # noqa: PLC0415 - loads the protocol

    if setting.key.rpartition(".")[2] in ("token", "password", "secret"):
        advice = "a file is no place for a secret: set TICKFOLD_TOKEN in the environment"
    else:
        advice = "`tickfold config show` lists the keys"
    return ConfigError(f"{setting.file}: unknown key {setting.key}{suggestion(setting.key, known)}; {advice}")
