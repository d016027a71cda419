"""A window of something over time, in at most so many points: what a request says of it."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from tickfold.protocol.wire import Wire

MOST_POINTS: Final = 5_000
FEWEST_POINTS: Final = 4
"""The first and the last value, and between them the lowest and the highest."""
_EARLIEST: Final = -3_000_000_000_000
_LATEST: Final = 100_000_000_000_000

Milliseconds = Annotated[int, Field(ge=_EARLIEST, le=_LATEST)]


class Window(Wire):
    """The times from `start` to before `end`, in at most `points` points."""

    start: Annotated[
        Milliseconds | None, Field(description="In milliseconds since 1970 UTC, inclusive. Default: the first.")
    ] = None
    end: Annotated[
        Milliseconds | None, Field(description="In milliseconds since 1970 UTC, exclusive. Default: after the last.")
    ] = None
    points: Annotated[int, Field(ge=FEWEST_POINTS, le=MOST_POINTS, description="Points in the answer, at most.")] = (
        1_000
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self
