"""What is drawn: the sections, each in its share of the screen, below a line on the connection."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tickfold.cli.times import ZONE_NAME, local
from tickfold.cli.top.controls import Controls
from tickfold.cli.top.sections import sections
from tickfold.cli.top.snapshot import Snapshot
from tickfold.cli.top.table import Table
from tickfold.protocol.formats import counted

if TYPE_CHECKING:
    from rich.text import Text

    from tickfold.client import ConnectionStatus

_BESIDES: Final = 2
"""Rows of the connection and of the keys."""
_LEAST: Final = 2
"""Rows of a section that is shown: its heading, and one."""
_FIRST_TO_GO: Final = (4, 3, 0, 2)
"""Sections, by place, that are left out of a screen that is too low for all."""
_EXPIRES_SOON: Final = 300
_UNLIMITED: Final = 1_000

Part = tuple[str, str, int]
"""A text, its style, and its rank: what has the highest is left out first."""


@dataclass(frozen=True)
class Link:
    """The connection, and how many messages were made up for when it was resumed a moment ago."""

    status: "ConnectionStatus"
    caught_up: int | None = None


def frame(snapshot: Snapshot, link: Link, controls: Controls, width: int, height: int) -> "list[Text]":
    """Return the rows of a screen of `width` columns and at most `height` rows; tell `controls` what fits."""
    tables = [Table(each, width) for each in sections(snapshot.ordered(controls.order))]
    shown = _shown(len(tables), max(height - _BESIDES, _LEAST))
    room = max(height - _BESIDES, _LEAST) - len(shown)
    shares = dict(zip(shown, shared([len(tables[at].lines) for at in shown], room), strict=True))
    hidden = {at: len(tables[at].lines) - shares[at] for at in shown}
    controls.fit(max((shares[at] for at in shown if hidden[at]), default=1), max(hidden.values()))
    body: list[Text] = []
    for at in shown:
        body += _part(tables[at], shares[at], min(controls.offset, hidden[at]), width)
    body = body[: height - _BESIDES]
    filling = [_text("")] * (height - _BESIDES - len(body))
    return [_head(snapshot, link, controls, width), *body, *filling, _keys(controls, width)][:height]


def report(snapshot: Snapshot, width: int = _UNLIMITED) -> "Iterator[Text]":
    """Yield all rows of all sections, in `width` columns."""
    for at, section in enumerate(sections(snapshot)):
        table = Table(section, width)
        if at:
            yield _text("")
        table.heading.stylize("bold")
        yield table.heading
        yield from table.lines


def shared(demands: Sequence[int], room: int) -> list[int]:
    """Return how many rows each gets of `room`: equal shares, but none more than it demands."""
    shares = [0] * len(demands)
    while room > 0 and (wanting := [at for at, demand in enumerate(demands) if shares[at] < demand]):
        for at in wanting[:room]:
            shares[at] += 1
        room -= len(wanting)
    return shares


def _shown(count: int, room: int) -> list[int]:
    shown = list(range(count))
    for at in _FIRST_TO_GO:
        if len(shown) * _LEAST > room:
            shown.remove(at)
    return shown


def _part(table: Table, share: int, first: int, width: int) -> "Iterator[Text]":
    heading, count = table.heading.copy(), len(table.lines)
    where = f"  {first + 1}-{first + share} of {count}" if share < count else ""
    heading.truncate(max(width - len(where), 0))
    heading.pad_right(width - len(where) - heading.cell_len)
    heading.append(where)
    heading.truncate(width)
    heading.stylize("reverse")
    yield heading
    yield from table.lines[first : first + share]


def _head(snapshot: Snapshot, link: Link, controls: Controls, width: int) -> "Text":
    parts: list[Part] = [("tickfold top", "bold", 3), (f"{local(snapshot.time, '%H:%M:%S')} {ZONE_NAME}", "", 2)]
    parts += [*_link_parts(link), *([("paused", "black on yellow", 0)] if controls.is_paused else [])]
    return _joined(parts, width)


def _link_parts(link: Link) -> Iterator[Part]:
    status = link.status
    if not status.is_open:
        when = "…" if status.retry_in is None else f"in {math.ceil(status.retry_in)} s"
        yield f"reconnecting {when}", "yellow", 0
        return
    yield "connected", "green", 0
    if link.caught_up is not None:
        yield f"resumed, {counted(link.caught_up, 'message')} caught up", "green", 0
    if (left := status.token_expires_in) is not None:
        minutes, style = int(left // 60), "yellow" if left < _EXPIRES_SOON else ""
        yield f"token expires in {minutes} min" if left > 0 else "token has expired", style, 1


def _keys(controls: Controls, width: int) -> "Text":
    pause = "p go on" if controls.is_paused else "p pause"
    parts: list[Part] = [("q quit", "", 0), (pause, "", 0), (f"s sort by {controls.order}", "", 1)]
    if controls.most:
        parts.append(("↑ ↓ PgUp PgDn scroll", "", 2))
    line = _joined(parts, width)
    line.stylize("dim")
    return line


def _joined(parts: Sequence[Part], width: int) -> "Text":
    """Return the parts in a line, without those for which there is no room."""
    gap = "  "
    kept = list(parts)
    while sum(len(text) + len(gap) for text, _, _ in kept) - len(gap) > width and len(kept) > 1:
        last = max(kept, key=lambda part: part[2])
        if last[2] == 0:
            break
        kept.remove(last)
    line = _text("")
    for text, style, _ in kept:
        line.append(gap if line else "").append(text, style=style)
    line.truncate(width, overflow="ellipsis")
    return line


def _text(text: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - slow to load

    return Text(text, no_wrap=True)
