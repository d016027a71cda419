"""Whatever a network does to a run's messages, the caller gets each once and in order."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as some

from tests.client.fake_stack import CONFIG, FakeStack, Fault, Peer, progress, result, stack
from tickfold.client import Client, Patience, RunHandle
from tickfold.client.sequence import Sequence
from tickfold.protocol import Message

QUICK = Patience(opening=5, closing=1, answer=5, gap=0.01, quiet=0.05, first_retry=0.001, longest_retry=0.002)

MOST_DROPS = 4
"""Times that one message is dropped: the client waits twice as long each time, and the test some seconds."""


@dataclass(frozen=True)
class Trouble:
    """What one connection does: it breaks after so many messages, and mixes, repeats and drops others before."""

    sends: int
    seed: int
    mixes: bool
    repeats: bool
    drops: bool

    def begin(self, dropped: Counter[int]) -> Fault:
        """Return what becomes of the messages of a connection that is opened now; `dropped` counts by sequence."""
        return partial(self._spoil, random.Random(self.seed), dropped)  # noqa: S311 - no secret

    def _spoil(self, chance: random.Random, dropped: Counter[int], messages: list[Message]) -> list[Message]:
        # An answer that does not come on a connection that stays is the server's fault, and ends in an error.
        answers = [each for each in messages if each.correlation_id or not each.sequence]
        events = [each for each in messages if each not in answers]
        if self.drops:
            lost = {each.sequence for each in events if chance.random() < 0.3 and dropped[each.sequence] < MOST_DROPS}
            dropped.update(lost)
            events = [each for each in events if each.sequence not in lost]
        if self.repeats:
            events += chance.choices(events, k=len(events) // 2) if events else []
        if self.mixes:
            chance.shuffle(events)
        return answers + events


TROUBLES = some.lists(
    some.builds(
        Trouble,
        sends=some.integers(0, 40),
        seed=some.integers(0, 1_000),
        mixes=some.booleans(),
        repeats=some.booleans(),
        drops=some.booleans(),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(length=some.integers(1, 30), live=some.integers(0, 10), troubles=TROUBLES)
def test_any_network_fault_delivers_each_message_once_in_order(length: int, live: int, troubles: list[Trouble]) -> None:
    dropped = Counter[int]()

    def connect(_stack: FakeStack, peer: Peer, number: int) -> None:
        if number < len(troubles):
            peer.fault, peer.sends = troubles[number].begin(dropped), troubles[number].sends

    async def follow() -> list[int]:
        plan = [progress(sequence, "") for sequence in range(2, length + 1)]
        async with stack(plan=plan, on_connect=connect) as fake, Client(fake.url, patience=QUICK) as client:
            handle = await client.start_backtest(CONFIG)
            events = asyncio.create_task(_sequences(handle))
            for sequence in range(length + 1, length + live + 1):
                await fake.publish(progress(sequence, handle.run_id))
            await fake.publish(result(length + live + 1, handle.run_id))
            async with asyncio.timeout(20):
                return await events

    assert asyncio.run(follow()) == list(range(1, length + live + 2))


async def _sequences(handle: RunHandle) -> list[int]:
    return [event.sequence async for event in handle]


@given(numbers=some.lists(some.integers(1, 6)), window=some.integers(1, 8), takes=some.lists(some.booleans()))
def test_sequence_is_ordered_and_bounded(numbers: list[int], window: int, takes: list[bool]) -> None:
    sequence, taken = Sequence[Message](0, window), []
    for at, number in enumerate(numbers):
        sequence.add(progress(number, "r"))
        assert sequence.last - sequence.taken <= window
        if at < len(takes) and takes[at] and (message := sequence.take()):
            taken.append(message.sequence)
    while message := sequence.take():
        taken.append(message.sequence)
    assert taken == list(range(1, len(taken) + 1))
    assert len(sequence) == 0 or sequence.has_gap
    assert len(sequence) <= len({number for number in numbers if number > len(taken)})
    assert sequence.has_gap == (sequence.highest > len(taken))
