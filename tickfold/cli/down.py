"""`tickfold down`: stop the embedded stack."""

from tickfold.cli.checkout import needs_checkout
from tickfold.cli.console import note
from tickfold.cli.target import NAME_A_STACK
from tickfold.errors import RunError


def down() -> None:
    """Stop the embedded stack, in whichever terminal or background it runs. Its data are kept for the next start."""
    with needs_checkout("`tickfold down`", NAME_A_STACK):
        from embedded import background  # noqa: PLC0415 - not needed for a stack on AWS

    try:
        stopped = background.stop()
    except background.BackgroundError as error:
        raise RunError(str(error), "internal") from error
    note("no embedded stack is running" if stopped is None else f"stopped process {stopped.pid}; its data are kept")
