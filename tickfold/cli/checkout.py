"""The embedded stack is part of the repository, not of the installed package: says so where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from tickfold.cli.exit_codes import NoStackError


class CheckoutError(NoStackError):
    """The package `embedded` is not installed."""


@contextmanager
def needs_checkout(what: str, instead: str) -> Iterator[None]:
    """Import from the package `embedded` inside; `what` needs it, and `instead` is what to do without it.

    Raises:
        CheckoutError: there is no such package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "embedded":
            raise
        raise CheckoutError(
            f"{what} needs a checkout of Tickfold's repository: clone it, run `make setup` there, and use its "
            f".venv/bin/tickfold; or {instead}"
        ) from None
