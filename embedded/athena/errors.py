"""What Athena answers to a statement that it does not carry out."""


class MalformedStatementError(Exception):
    """Athena does not accept the statement: `StartQueryExecution` fails, and there is no execution."""


class QueryFailedError(Exception):
    """The execution of a statement fails; the text is its `StateChangeReason`."""

    def __init__(self, code: str, reason: str, position: tuple[int, int] | None = None) -> None:
        """Give the engine's error `code`, and the line and the column that it is about, if they are known."""
        place = f"line {position[0]}:{position[1]}: " if position else ""
        super().__init__(f"{code}: {place}{reason}")
        self.code = code


class BytesLimitError(Exception):
    """A statement would scan more than its work group allows."""

    def __init__(self) -> None:
        super().__init__("Bytes scanned limit was exceeded")
