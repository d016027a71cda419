"""Joining `bars` messages: no bar is lost, added or moved, and no message is larger than a frame."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.market_data.feed.stored import feed_bars
from tickfold.market_data.feed.bar_messages import joined
from tickfold.market_data.feed.hot_store import message_of
from tickfold.market_data.feed.minute_bar import FeedBar
from tickfold.protocol import MAX_MESSAGE_BYTES, PushedBar, SymbolBars, dump

Numbered = tuple[str, int, PushedBar]

NUMBERS = some.floats(allow_nan=False, allow_infinity=False)
ROWS = some.builds(
    PushedBar, some.integers(0, 10**13), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, some.none() | NUMBERS, NUMBERS
)
SYMBOLS = some.sampled_from(["GOOG", "BRK.B", "日経平均"])


def bodies_of(symbol: str, bars: Sequence[FeedBar]) -> list[str]:
    return [dump(message_of(symbol, [bar])) for bar in bars]


def messages(bodies: Sequence[str]) -> list[SymbolBars]:
    return [SymbolBars.model_validate_json(body) for body in bodies]


def numbered(bodies: Sequence[str]) -> Iterator[Numbered]:
    for message in messages(bodies):
        assert message.sequence == message.first + len(message.bars) - 1
        yield from ((message.symbol, message.first + at, bar) for at, bar in enumerate(message.bars))


@some.composite
def pushed(draw: some.DrawFn) -> list[str]:
    """Draw messages of a few series, some of which follow one another."""
    bodies, number = [], draw(some.integers(1, 10**11))
    for _ in range(draw(some.integers(0, 12))):
        rows = draw(some.lists(ROWS, min_size=1, max_size=3))
        number += draw(some.sampled_from([0, 0, 0, 1, -1]))
        last = max(number, 1) + len(rows) - 1
        message = SymbolBars(symbol=draw(SYMBOLS), timeframe="1m", first=max(number, 1), sequence=last, bars=rows)
        bodies.append(dump(message))
        number = last + 1
    return bodies


@given(bodies=pushed())
@settings(deadline=None)
def test_joined_messages_have_the_same_bars_in_the_same_order(bodies: list[str]) -> None:
    once = list(joined(bodies))
    assert list(numbered(once)) == list(numbered(bodies))
    pairs = zip(messages(once), messages(once)[1:], strict=False)
    assert not any(one.symbol == other.symbol and other.first == one.sequence + 1 for one, other in pairs)


@pytest.mark.parametrize("symbol", ["GOOG", "日" * 20])
def test_joined_messages_fill_frames_and_fit_into_them(symbol: str) -> None:
    bodies = bodies_of(symbol, feed_bars(1_440, first=10**11))
    once = list(joined(bodies))
    assert list(numbered(once)) == list(numbered(bodies))
    sizes = [len(body.encode()) for body in once]
    assert max(sizes) <= MAX_MESSAGE_BYTES
    assert min(sizes[:-1]) > MAX_MESSAGE_BYTES - 150
    assert len(once) <= 4


def test_bars_after_a_gap_begin_another_message() -> None:
    bars = feed_bars(6)
    first, second = messages(list(joined(bodies_of("GOOG", [*bars[:2], *bars[3:]]))))
    assert (first.first, first.sequence, second.first, second.sequence) == (1, 2, 4, 6)
