"""`tickfold cancel`: cancel a run."""

import typer

from tickfold import protocol
from tickfold.cli.attach import RunIdArgument
from tickfold.cli.follow import client_of
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.errors import RunError


def cancel(run_id: RunIdArgument, stack_outputs: StackOutputs = None) -> None:
    """Cancel a run. Its followers are notified.

    Example: tickfold cancel goog-sma_cross-20260131T120000-1a2b3c
    """
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    ended = asyncio.run(_cancel(find_target(stack_outputs), run_id))
    if not isinstance(ended, protocol.Cancelled):
        raise RunError(f"run {run_id} had already ended; `tickfold attach {run_id}` shows how")
    typer.echo(f"run {run_id} is cancelled")


async def _cancel(target: Target, run_id: str) -> "protocol.Final":
    async with client_of(target) as client:
        return await client.cancel(run_id)
