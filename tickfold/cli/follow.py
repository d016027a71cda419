"""Starts or attaches to a run, follows it live, and detaches on Ctrl-C."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli import failure
from tickfold.cli.exit_codes import exit_code
from tickfold.cli.interrupt import detach
from tickfold.cli.progress import ProgressView
from tickfold.cli.target import Target
from tickfold.client import RunCancelledError

if TYPE_CHECKING:
    from tickfold.client import Client, Patience, RunHandle
    from tickfold.protocol import Result

Begin = Callable[["Client"], Awaitable["RunHandle"]]
"""Starts a run, or attaches to one."""

Detach = Annotated[
    bool, typer.Option("--detach", help="Start the run, print its id and return; `tickfold attach` follows it later.")
]


def client_of(
    target: Target,
    watch: Callable[[bool], None] = lambda _connected: None,
    patience: "Patience | None" = None,
) -> "Client":
    """Return a client of the stack that gets a token for each connection."""
    from tickfold.client import Client  # noqa: PLC0415 - loads websockets

    return Client(target.output("websocket_url"), target.token, patience, watch)


def follow(target: Target, begin: Begin, view: ProgressView, timeout: float) -> "Result":
    """Follow a run to its result. On Ctrl-C, detach; on a terminal, ask first whether to cancel.

    Raises:
        RunError: it ended without a result, or the stack cannot be reached.
        KeyboardInterrupt: Ctrl-C.
    """

    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    async def to_its_end() -> "Result":
        async with client_of(target, view.show_connection) as client:
            handle = await begin(client)
            view.run_id = handle.run_id
            return await handle.result(view.show, timeout)

    try:
        with view:
            return asyncio.run(to_its_end())
    except KeyboardInterrupt:
        detach(client_of(target), view.run_id)
        raise


def start(target: Target, begin: Begin, view: ProgressView, *, as_json: bool) -> None:
    """Start a run, and print its id.

    Raises:
        RunError: it was refused, or the stack cannot be reached.
    """

    import asyncio  # noqa: PLC0415 - as in `follow`

    async def only() -> str:
        async with client_of(target) as client:
            handle = await begin(client)
            view.show(await anext(handle))
            return handle.run_id

    run_id = asyncio.run(only())
    typer.echo(json.dumps({"run_id": run_id, "status": "running"}, indent=2) if as_json else run_id)


@contextmanager
def failure_as_json(as_json: bool, view: ProgressView) -> Iterator[None]:
    """With `--json`, write a failure as a JSON document too."""
    try:
        yield
    except Exception as error:
        if not as_json:
            raise
        failure.report(error)
        status = "cancelled" if isinstance(error, RunCancelledError) else "failed"
        document = {"run_id": view.run_id, "status": status, "error": failure.explain(error)}
        typer.echo(json.dumps(document, indent=2))
        raise typer.Exit(exit_code(error)) from None
