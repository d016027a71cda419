"""Joins `bars` messages, so that many bars of a series take few frames.

It works on their text and imports little: delivery, which pays for every import at a cold start, joins what it sends.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tickfold.protocol import MAX_MESSAGE_BYTES

_RESERVED_BYTES: Final = 16
"""The number of the last bar may be longer in the joined message."""


def joined(bodies: Iterable[str]) -> Iterator[str]:
    """Yield the bars of `bodies` in as few messages as hold them, in their order.

    Only messages that follow one another in one series are joined, and only as many as fit into a frame.
    """
    parts: list[Mapping[str, Any]] = []
    room = 0
    for body in bodies:
        part = json.loads(body)
        if not parts or not _follows(part, parts[-1]) or (size := _bytes_of(part["bars"])) > room:
            if parts:
                yield _joined(parts)
            parts, room = [part], MAX_MESSAGE_BYTES - len(body.encode()) - _RESERVED_BYTES
        else:
            parts.append(part)
            room -= size
    if parts:
        yield _joined(parts)


def _follows(part: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    same = part["symbol"] == before["symbol"] and part["timeframe"] == before["timeframe"]
    return same and bool(part["first"] == before["sequence"] + 1)


def _joined(parts: list[Mapping[str, Any]]) -> str:
    bars = [bar for part in parts for bar in part["bars"]]
    return _text({**parts[0], "sequence": parts[-1]["sequence"], "bars": bars})


def _bytes_of(bars: Any) -> int:
    return len(_text(bars).encode()) - 1  # a comma more, two brackets less


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
