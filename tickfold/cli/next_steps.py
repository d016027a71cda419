"""What to do next, after a command that has made something: dim lines on stderr, and only between people."""

import shlex
import shutil
import sys
from pathlib import Path

from tickfold.cli.console import printable, stderr

TRADES_OF_RUN = "SELECT entry_time, side, pnl, exit_reason FROM trades WHERE run_id = '$run_id' ORDER BY pnl"


def suggest(*steps: tuple[str, ...]) -> None:
    """Write commands that may follow, each ready to be pasted; nothing where stdout or stderr is not a terminal.

    A step is the words of a command after `tickfold`; a word that the reader is to replace is written in <>.
    """
    if not (steps and sys.stderr.isatty() and sys.stdout.isatty()):
        return
    for number, words in enumerate(steps):
        line = " ".join([_program(), *(word if word.startswith("<") else shlex.quote(word) for word in words)])
        text = f"{'next:' if number == 0 else '     '} {printable(line)}"
        stderr().print(text, style="dim", markup=False, highlight=False, soft_wrap=True)


def with_stack(stack_outputs: Path | None, *words: str) -> tuple[str, ...]:
    """Return the words of a command that uses the same stack as this one."""
    return (*words, "--stack-outputs", str(stack_outputs)) if stack_outputs else words


def suggest_after_run(run_id: str, stack_outputs: Path | None) -> None:
    """Suggest what shows more of a run that has a result."""
    trades = TRADES_OF_RUN.replace("$run_id", run_id)  # run ids have no quotes
    suggest(with_stack(stack_outputs, "report", run_id, "--open"), with_stack(stack_outputs, "query", trades))


def _program() -> str:
    """Return how this command can be called again: by its name if that is on the PATH, else as it was called."""
    called = Path(sys.argv[0])
    found = shutil.which("tickfold")
    if called.name != "tickfold" or (found and Path(found).resolve() == called.resolve()):
        return "tickfold"
    return shlex.quote(sys.argv[0])
