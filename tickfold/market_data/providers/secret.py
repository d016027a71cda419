"""Keeping secrets out of messages: text of a provider may repeat the key that it was sent."""

from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_MASK = "***"
_MOST_CHARACTERS = 300


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` as one short line of printable characters, with each of `secrets`, also as in a URL, masked."""
    spellings = {spelling for secret in secrets if secret for spelling in (secret, quote(secret), quote_plus(secret))}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, _MASK)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"
