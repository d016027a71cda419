"""Ctrl-C while a run is followed: it goes on, unless its user says that it is to be cancelled."""

import asyncio
import sys

from tickfold.cli.console import note, stderr
from tickfold.client import Client
from tickfold.protocol import Cancelled


def leave(client: Client, run_id: str | None) -> None:
    """Follow a run no longer, and on a terminal ask whether to cancel it.

    Raises:
        RunError: it cannot be cancelled.
    """
    if run_id is None:
        note("interrupted; `tickfold runs` shows whether the run has started")
    elif _is_to_be_cancelled(run_id):
        asyncio.run(_cancel(client, run_id))
    else:
        note(f"no longer followed; run {run_id} goes on in the stack: `tickfold attach {run_id}` shows it again")


def _is_to_be_cancelled(run_id: str) -> bool:
    if not (sys.stdin.isatty() and stderr().is_terminal):
        return False
    question = f"run {run_id} goes on: detach from it, or cancel it? (d/c) [d] "
    try:
        stderr().print(question, end="", markup=False, highlight=False)
        answer = sys.stdin.readline()
    except KeyboardInterrupt:  # once more: he wants to be gone
        note("")
        return False
    return answer.strip().lower() in ("c", "cancel")


async def _cancel(client: Client, run_id: str) -> None:
    async with client:
        ended = await client.cancel(run_id)
    note(f"run {run_id} is cancelled" if isinstance(ended, Cancelled) else f"run {run_id} had already ended")
