"""`tickfold up`: the embedded stack in the foreground, until Ctrl-C."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from embedded.kept.directory import KeptDirectory, data_directory
from embedded.record import refuse_second
from embedded.schedules import Schedules, ScheduleThread
from embedded.stack import EmbeddedStack
from tickfold.errors import RunError
from tickfold.state_directory import state_directory
from tickfold.storage.layout import SERIES, series_key

if TYPE_CHECKING:
    from embedded.replay import Recording


_REPLAYED = "replayed"
"""The folder of the state directory with the lake's minutes that are replayed."""


def up(
    port: int,
    log: Callable[[str], None],
    *,
    fresh: bool = False,
    replays: bool = False,
    replayed: Path | None = None,
    speed: float = 60,
) -> None:
    """Start the stack on `port` (0 for a free one), log how to use it, and run until Ctrl-C or SIGTERM.

    Its data are those of the last time; `fresh` sets them aside and starts with the sample bars. If it `replays`, the
    feed gets the bars of the file or folder `replayed`, or else the last sessions of the lake's first series of
    minutes, at `speed` times real time; otherwise those of the providers that are configured.

    Raises:
        RunError: there are no minutes to replay.
        AlreadyRunningError: a stack is already running.
        EmulatorError: the port is in use, or the emulator did not start, or has exited.
        DeploymentError: the program could not be deployed.
        DataInUseError: another stack uses the same data.
        KeptDataError: the data cannot be read or written, are damaged, or are of another version.
    """
    refuse_second()
    recorded = _recordings(replayed) if replayed else []  # what is wrong with them is told before the stack starts
    path = replayed or state_directory().absolute() / _REPLAYED
    settings = {"providers": json.dumps([{"name": "files", "path": str(path)}]), "feedMarkets": "XNYS,24/7"}
    with stopped_by_signals(), KeptDirectory(data_directory()) as kept:
        if fresh and (aside := kept.start_anew()):
            log(f"the data of before are in {aside}")
        if replays and not replayed:
            _check_stored(kept)
        with EmbeddedStack(port, log=log, kept=kept, settings=settings if replays else None) as stack:
            if replays and not replayed:
                _write_stored(stack, path)
                recorded = _recordings(path)
            for line in _instructions(stack, kept):
                log(line)
            from embedded.strategy_watch import deploy_changes  # noqa: PLC0415 - loads numpy, as the stack has by now

            with ScheduleThread(_work(stack, recorded, speed, log), log):
                deploy_changes(stack, log)
    log("stopped")


def _check_stored(kept: KeptDirectory) -> None:
    """Check that there are minutes, before the stack starts.

    Raises:
        RunError: there are none.
    """
    from embedded.replay import NOTHING_STORED  # noqa: PLC0415 - loads numpy
    from tickfold.market_data.feed.minute_bar import TIMEFRAME  # noqa: PLC0415

    if not kept.has_key(series_key("", TIMEFRAME).removeprefix(SERIES)):
        raise RunError(NOTHING_STORED)


def _write_stored(stack: EmbeddedStack, folder: Path) -> None:
    from embedded.replay import write_stored  # noqa: PLC0415 - loads Arrow
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415

    write_stored(BarStore(stack.client("s3"), stack.outputs["bucket"]), folder)


def _recordings(path: Path) -> "list[Recording]":
    from embedded.replay import recordings  # noqa: PLC0415 - loads numpy

    return recordings(path)


def _work(
    stack: EmbeddedStack, recorded: "list[Recording]", speed: float, log: Callable[[str], None]
) -> Callable[[threading.Event], None]:
    """Return what fires the schedules: the clock, or a replay."""
    if not recorded:
        return Schedules(stack.cloud).run
    from embedded.replay import Replay  # noqa: PLC0415 - loads numpy

    return Replay(stack, recorded, speed, log).run


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """End the block on Ctrl-C and SIGTERM without an error."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _instructions(stack: EmbeddedStack, kept: KeptDirectory) -> list[str]:
    return [
        "",
        f"  WebSocket       {stack.outputs['websocket_url']}",
        f"  HTTP API        {stack.outputs['http_url']}",
        f"  AWS endpoint    {stack.endpoint_url}",
        f"  state machine   {stack.outputs['state_machine_arn']}",
        f"  bucket          {stack.outputs['bucket']}",
        f"  issuer          {stack.issuer.url}",
        f"  emulator log    {stack.log_file}",
        f"  data            {kept.file}",
        "",
        "In another terminal:",
        "  tickfold data list",
        "  tickfold run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30",
        "",
        "A strategy that you change is deployed at once.",
        "Press Ctrl-C to stop. All data is kept for the next `tickfold up`.",
    ]
