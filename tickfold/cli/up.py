"""`tickfold up`: run the whole stack on this machine."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tickfold.cli.checkout import needs_checkout
from tickfold.cli.console import note
from tickfold.cli.next_steps import suggest
from tickfold.cli.target import NAME_A_STACK
from tickfold.errors import RunError


class Feed(Enum):
    """Where the feed gets its bars from, other than from the providers that are configured."""

    REPLAY = "replay"


def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1 for the emulated AWS; 0 takes a free one.")
    ] = 4566,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Start with the sample bars only. The data of before are set aside, not deleted."),
    ] = False,
    feed: Annotated[
        Feed | None,
        typer.Option(help="Replay historical minutes as if they were live.", metavar="replay"),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Of --feed replay: a file SYMBOL.csv of minutes, or a folder of such files. "
            "Left out: the last five sessions of the first series of minutes that is stored.",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, metavar="FACTOR", help="Of the replay: times real time; 0 is as fast as possible.")
    ] = 60,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once the stack can be used; `tickfold down` stops it.")
    ] = False,
) -> None:
    """Start the embedded stack: everything that `pulumi up` creates, on this machine, until Ctrl-C.

    Needs no AWS account. The other commands find the running stack by themselves. Its data are kept: series and runs
    are there again at the next start.

    Example: tickfold up --feed replay --replay GOOG.csv --speed 60
    """
    if replay is not None and feed is None:
        raise typer.BadParameter("--replay PATH is for --feed replay")
    with needs_checkout("`tickfold up`", NAME_A_STACK):
        from embedded import record  # noqa: PLC0415 - not of the package

    try:
        record.prepare_directory()
        if detach:
            record.refuse_second()
    except (record.AlreadyRunningError, record.StateDirectoryError) as error:
        raise RunError(str(error), "internal") from error
    if detach:
        played = ["--feed", feed.value, "--speed", str(speed)] if feed else []
        played += ["--replay", str(replay)] if replay else []
        _detach(["--port", str(port), *(["--fresh"] if fresh else []), *played])
        return
    with needs_checkout("`tickfold up`", NAME_A_STACK):
        from embedded import up as embedded_up  # noqa: PLC0415 - loads Pulumi, which takes a second
        from embedded.deployment import DeploymentError  # noqa: PLC0415
        from embedded.emulator import EmulatorError  # noqa: PLC0415
        from embedded.kept.directory import DataInUseError  # noqa: PLC0415
        from embedded.kept.store import KeptDataError  # noqa: PLC0415

    try:
        path = replay.resolve() if replay else None
        embedded_up.up(port, note, fresh=fresh, replays=feed is not None, replayed=path, speed=speed)
    except (record.AlreadyRunningError, DataInUseError, DeploymentError, EmulatorError, KeptDataError) as error:
        raise RunError(str(error), "internal") from error


def _detach(arguments: list[str]) -> None:
    with needs_checkout("`tickfold up`", NAME_A_STACK):
        from embedded import background  # noqa: PLC0415 - not needed for a stack on AWS

    try:
        started = background.start(arguments, note)
    except background.BackgroundError as error:
        raise RunError(str(error), "internal") from error
    note(f"running as process {started.pid}: {started.outputs['websocket_url']}")
    suggest(("data", "list"), ("run", "--symbol", "AAPL", "--strategy", "sma_cross"), ("down",))
