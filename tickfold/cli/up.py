"""`tickfold up`: run the whole stack on this machine."""

from typing import Annotated

import typer

from tickfold.cli.checkout import needs_checkout
from tickfold.cli.console import note
from tickfold.cli.target import NAME_A_STACK
from tickfold.errors import RunError


def up(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1 for the emulated AWS; 0 takes a free one.")
    ] = 4566,
) -> None:
    """Start the embedded stack: everything that `pulumi up` creates, on this machine, until Ctrl-C.

    Needs no AWS account. The other commands find the running stack by themselves.
    """
    with needs_checkout("`tickfold up`", NAME_A_STACK):
        from embedded import up as embedded_up  # noqa: PLC0415 - loads Pulumi, which takes a second
        from embedded.deployment import DeploymentError  # noqa: PLC0415
        from embedded.emulator import EmulatorError  # noqa: PLC0415
        from embedded.stack import AlreadyRunningError  # noqa: PLC0415

    try:
        embedded_up.up(port, note)
    except (AlreadyRunningError, EmulatorError, DeploymentError) as error:
        raise RunError(str(error), "internal") from error
