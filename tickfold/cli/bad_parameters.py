"""Options that make no valid message of the protocol: the reason names the field, as the stack would."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def bad_parameters(without: Collection[str] = ()) -> Iterator[None]:
    """Make a model's refusal one of the options; `without` are parts of its paths that nobody wrote.

    Raises:
        BadParameter: a value is wrong, and nothing was sent; the reason names its field.
    """
    try:
        yield
    except ValueError as error:
        from pydantic import ValidationError  # noqa: PLC0415 - slow to load, and help needs none

        if not isinstance(error, ValidationError):
            raise
        from tickfold.protocol.validation import explain  # noqa: PLC0415

        raise typer.BadParameter(explain(error, without)) from None
