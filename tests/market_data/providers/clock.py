"""A clock that moves only when somebody sleeps, so that tests of waiting do not wait."""


class FakeClock:
    """Seconds since it was made, and all the naps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
