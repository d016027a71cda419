"""Ctrl-C while a run is followed: detach from it, or cancel it if the user says so."""

import sys
from typing import TYPE_CHECKING

from tickfold import protocol
from tickfold.cli.console import note, stderr
from tickfold.cli.ctrl_c import typed_line

if TYPE_CHECKING:
    from tickfold.client import Client


def detach(client: "Client", run_id: str | None) -> None:
    """Detach from a run; on a terminal, ask whether to cancel it.

    Raises:
        RunError: it could not be cancelled.
    """
    if run_id is None:
        note("interrupted; `tickfold runs` shows whether the run has started")
    elif _asks_to_cancel(run_id):
        import asyncio  # noqa: PLC0415 - slow to load, and help needs none

        asyncio.run(_cancel(client, run_id))
    else:
        note(f"detached; run {run_id} continues in the stack: `tickfold attach {run_id}` follows it again")


def _asks_to_cancel(run_id: str) -> bool:
    if not (sys.stdin.isatty() and stderr().is_terminal):
        return False
    question = f"run {run_id} is still running: detach from it, or cancel it? (d/c) [d] "
    try:
        stderr().print(question, end="", markup=False, highlight=False)
        answer = typed_line()
    except KeyboardInterrupt:  # a second Ctrl-C detaches
        note("")
        return False
    return answer.strip().lower() in ("c", "cancel")


async def _cancel(client: "Client", run_id: str) -> None:
    async with client:
        ended = await client.cancel(run_id)
    note(f"run {run_id} is cancelled" if isinstance(ended, protocol.Cancelled) else f"run {run_id} had already ended")
