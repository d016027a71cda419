"""Output in any encoding: what it does not have is written in its nearest ASCII form, and never ends a command."""

import codecs
import os
import sys
from pathlib import Path
from typing import Final

_HANDLER: Final = "tickfold-plain"
_PLAIN: Final = {
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "×": "x",
    "√": "sqrt",
    "·": "*",
    "✓": "+",
    "✗": "x",
    "“": '"',
    "”": '"',
    "’": "'",
    "━": "-",
    "─": "-",
    "│": "|",
    "µ": "u",
}
"""What stands for a character that an encoding lacks; "?" for any other."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end


def accept_any_text() -> None:
    """Let stdout and stderr write any text, whatever their encoding; one that is closed discards it."""
    codecs.register_error(_HANDLER, _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the command
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def is_unicode(encoding: str) -> bool:
    """Return whether an encoding has every character."""
    return codecs.lookup(encoding).name.startswith("utf")
