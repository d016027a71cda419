"""`tickfold status`: whether the embedded stack runs, where, and with which data."""

import typer

from tickfold.cli.checkout import needs_checkout
from tickfold.cli.exit_codes import NoStackError
from tickfold.cli.target import NAME_A_STACK


def status() -> None:
    """Print where the embedded stack runs and where its data are. Fails (code 5) if none is running."""
    with needs_checkout("`tickfold status`", NAME_A_STACK):
        from embedded import record  # noqa: PLC0415 - not needed for a stack on AWS
        from embedded.kept.directory import KeptDirectory, data_directory  # noqa: PLC0415

    kept = KeptDirectory(data_directory())
    held = f"{kept.file} ({kept.bytes() / 1e6:,.1f} MB)" if kept.file.exists() else "none yet"
    running = record.read()
    if running is None:
        raise NoStackError(f"no embedded stack is running; kept data: {held}. Start it with `tickfold up`")
    for label, value in (
        ("process", running.pid),
        ("WebSocket", running.outputs.get("websocket_url", "")),
        ("HTTP API", running.outputs.get("http_url", "")),
        ("AWS endpoint", running.endpoint_url),
        ("bucket", running.outputs.get("bucket", "")),
        ("data", held),
    ):
        typer.echo(f"{label:14}{value}")
