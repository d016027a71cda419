"""Output in encodings that lack characters, on pipes that are closed, and without any stdout."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminal import COMMAND, SECONDS
from tests.client.fake_stack import FakeStack

RUN = ("run", "--symbol", "goog", "--start", "2004-08-19", "--end", "2013-03-01")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments], env=os.environ | environment, capture_output=True, timeout=SECONDS, check=False
    )


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "cp1252", "latin-1:strict", "utf-8", "cp437"])
def test_finished_run_is_written_in_any_encoding(fake: FakeStack, encoding: str) -> None:
    ended = run(*RUN, PYTHONIOENCODING=encoding)
    assert ended.returncode == 0, ended.stderr
    text = ended.stdout.decode(encoding.partition(":")[0])
    assert "51,422.99" in text
    assert "2004-08-19 … 2013-03-01" in text or "2004-08-19 ... 2013-03-01" in text
    assert b"bug" not in ended.stderr


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "nonsense"])
def test_broken_locale_ends_no_run(fake: FakeStack, locale: str) -> None:
    ended = run(*RUN, LC_ALL=locale, LANG=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("run",), ("check", "nonsense")])
def test_help_and_errors_are_written_in_ascii(alone: Path, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, PYTHONIOENCODING="ascii:strict")
    assert ended.returncode in (0, 2, 3)
    assert b"UnicodeEncodeError" not in ended.stderr
    assert (ended.stdout + ended.stderr).decode("ascii")


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("arguments", [RUN, (*RUN, "--json"), ("run", "--help")])
def test_closed_pipe_ends_quietly(fake: FakeStack, arguments: tuple[str, ...], buffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONUNBUFFERED": buffered}
    ended = subprocess.run(
        [*COMMAND, *arguments],
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    os.close(writing)
    assert ended.returncode == 141
    assert b"Traceback" not in ended.stderr
    assert b"Broken" not in ended.stderr


def test_closed_stdout_ends_no_run(fake: FakeStack) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *RUN], stderr=subprocess.PIPE, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr
