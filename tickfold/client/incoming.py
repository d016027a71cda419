"""Parses messages from the server, which may be newer and send types that this client does not know."""

from typing import Any

from pydantic import ValidationError

from tickfold.errors import RunError
from tickfold.protocol import MESSAGES, VERSION, Message, parse_message

_KNOWN = {model.model_fields["type"].default for model in MESSAGES}
_MOST_SHOWN = 200


class Unknown(Message):
    """A message of a type that this client does not know; only its place among the run's messages matters."""


class Unreadable(Unknown):
    """A message of a known type, or of another version, that cannot be parsed."""

    kind: str
    text: str

    def fault(self) -> RunError:
        """Return the error to raise where the message is needed."""
        return RunError(
            f"the server sent a message that this version of Tickfold cannot parse: {self.text}", "internal"
        )


def read(text: str | bytes) -> Message | None:
    """Return the message in `text`; None if it is not a message."""
    try:
        return parse_message(text)
    except ValidationError:
        return _place_of(text)


def _place_of(text: str | bytes) -> Message | None:
    shown = text[:_MOST_SHOWN] if isinstance(text, str) else text[:_MOST_SHOWN].decode(errors="replace")
    try:
        found = _Envelope.model_validate_json(text)
    except ValidationError:
        return None
    place: dict[str, Any] = found.model_dump(include={"run_id", "sequence", "correlation_id"})
    if found.type in _KNOWN or found.version != VERSION:
        return Unreadable(kind=found.type, text=shown, **place)
    return Unknown(**place)


class _Envelope(Message):
    version: int = VERSION  # type: ignore[assignment]
    type: str = ""
