"""The parts of an Amazon Resource Name. Region and account are read from a resource's ARN, so no look-up is needed."""

from typing import NamedTuple


class Arn(NamedTuple):
    """`arn:partition:service:region:account:resource`, taken apart."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "Arn":
        """Take `text` apart.

        Raises:
            ValueError: it is no ARN.
        """
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            raise ValueError(f"{text!r} is no ARN; expected arn:partition:service:region:account:resource")
        return cls(*parts[1:])

    def __str__(self) -> str:
        return ":".join(("arn", *self))
