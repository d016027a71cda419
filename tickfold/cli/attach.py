"""`tickfold attach`: follow a running or ended run, shown as by `tickfold run`."""

from typing import Annotated

import typer

from tickfold.cli.completion import run_ids
from tickfold.cli.follow import failure_as_json, follow
from tickfold.cli.next_steps import suggest_after_run
from tickfold.cli.outcome import write_outcome
from tickfold.cli.progress import ProgressView
from tickfold.cli.target import StackOutputs, find_target
from tickfold.client import Patience

RunIdArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN_ID",
        help="As `tickfold run` and `tickfold runs` show it.",
        show_default=False,
        autocompletion=run_ids,
    ),
]


def attach(
    run_id: RunIdArgument,
    timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait. The run itself continues after that.", metavar="SECONDS")
    ] = Patience.run,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document instead of the summary.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Follow a run, running or ended, from its beginning to its summary. A sweep is shown with its table.

    Example: tickfold attach goog-sma_cross-20260131T120000-1a2b3c
    """
    view = ProgressView(run_id)
    with failure_as_json(as_json, view):
        result = follow(find_target(stack_outputs), lambda client: client.attach(run_id), view, timeout)
    write_outcome(view, result, as_json=as_json)
    if not as_json:
        suggest_after_run(run_id, stack_outputs)
