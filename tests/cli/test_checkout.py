"""Commands where the package `embedded` is missing, as in an environment that has only the wheel."""

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tickfold.cli.checkout import needs_checkout

HOW = "needs a checkout of Tickfold's repository: clone it, run `make setup` there, and use its .venv/bin/tickfold; or"
AWS = "name a stack on AWS with --stack-outputs FILE (the output of `pulumi stack output --json`)"


class _NotInstalled(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname.partition(".")[0] == "embedded":
            raise ModuleNotFoundError("No module named 'embedded'", name="embedded")


@pytest.fixture(autouse=True)
def _installed_from_a_wheel(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "embedded"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NotInstalled(), *sys.meta_path])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["up"], f"`tickfold up` {HOW} {AWS}"),
        (["token"], f"the embedded stack {HOW} {AWS}"),
        (["runs"], f"the embedded stack {HOW} {AWS}"),
        (["check", "macd"], f"a check on the bars that come with Tickfold {HOW} give a file with --bars"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_command_that_needs_the_embedded_stack_says_how_to_get_it(
    tickfold: Command, arguments: list[str], reason: str
) -> None:
    ended = tickfold(*arguments)
    assert (ended.status, ended.stdout) == (5, "")
    assert ended.stderr.startswith(f"tickfold: {reason}")
    assert ended.stderr.count("\n") == 1


def test_stack_that_is_named_needs_no_checkout(tickfold: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")
    assert "cannot connect to ws://127.0.0.1:1/nobody" in tickfold("runs").stderr


def test_another_missing_module_is_not_taken_for_a_missing_checkout() -> None:
    with pytest.raises(ModuleNotFoundError, match="nonexistent"), needs_checkout("it", "nothing"):
        import_module("nonexistent")
