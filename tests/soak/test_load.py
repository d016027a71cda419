"""Many connections and many runs at once: each message reaches everybody who follows its run, once, and nobody else."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.embedded.aftermath import Aftermath, aftermath
from tests.embedded.conversation import SMA, start
from tests.embedded.follower import Follower, Followers

CHUNKS = 3


@dataclass(frozen=True)
class Load:
    """How many users there are, what each of them starts, and who follows it."""

    users: int
    runs_each: int
    by_run: int
    by_user: int
    by_portfolio: int

    @property
    def runs(self) -> int:
        return self.users * self.runs_each

    @property
    def connections(self) -> int:
        return self.users * (self.runs_each + self.by_run + self.by_user + self.by_portfolio)


SHORT = Load(users=2, runs_each=5, by_run=5, by_user=5, by_portfolio=5)
FULL = Load(users=5, runs_each=10, by_run=10, by_user=10, by_portfolio=10)


@dataclass
class Party:
    """A user with a portfolio, and the connections of that user."""

    user: str
    starters: list[Follower]
    by_run: list[Follower]
    by_user: list[Follower]
    by_portfolio: list[Follower]

    def start_all(self) -> list[str]:
        """Start a run on each of the starters; return their ids."""
        for starter in self.starters:
            starter.say(start(first="2011-03-01", **SMA, chunks=CHUNKS) | {"portfolio": f"of-{self.user}"})
        accepted = [starter.wait_for(lambda message: message["type"] == "accepted") for starter in self.starters]
        run_ids = [message["runId"] for message in accepted]
        for follower, run_id in zip(self.by_run, run_ids, strict=False):
            follower.say({"type": "resume", "runId": run_id, "after": 0})
        return run_ids


def _gather(stack: EmbeddedStack, followers: Followers, load: Load) -> list[Party]:
    parties = []
    for _ in range(load.users):
        user = f"user-{secrets.token_hex(3)}"
        url = url_for(stack, user, [f"of-{user}"])
        plain = followers.open_all([url] * (load.runs_each + load.by_run + load.by_user))
        of_portfolio = followers.open_all([f"{url}&portfolioId=of-{user}"] * load.by_portfolio)
        party = Party(
            user, plain[: load.runs_each], plain[load.runs_each :][: load.by_run], plain[-load.by_user :], of_portfolio
        )
        for follower in party.by_user:
            follower.say({"type": "subscribe", "topic": "user"})
        for follower in party.by_user:
            follower.wait_for(lambda message: message["type"] == "subscribed")
        parties.append(party)
    return parties


def _hear_out(follower: Follower, left: Iterable[Aftermath]) -> None:
    follower.wait_until(lambda: all(len(follower.of(each.run.run_id)) >= len(each.bodies) for each in left))


def _heard_exactly(follower: Follower, left: Iterable[Aftermath], *, repeats: bool = False) -> int:
    """Hold the follower to having heard `left`, in order, and nothing else; return the number of messages.

    Where a message may have come twice, as it may after `resume`, the copies must be the same to the byte.
    """
    _hear_out(follower, left)
    numbered = [frame for frame in follower.frames if frame.message["sequence"] > 0]
    expected = {each.run.run_id: each.bodies for each in left}
    assert {frame.message["runId"] for frame in numbered} <= set(expected)
    for run_id, bodies in expected.items():
        heard = [frame.text for frame in follower.of(run_id)]
        assert (sorted(set(heard), key=bodies.index) if repeats else heard) == bodies
    return len(numbered)


def _delays(follower: Follower, left: Iterable[Aftermath]) -> list[float]:
    """Return the seconds between each message's being appended and received."""
    return [
        frame.received_at - each.appended_at[frame.message["sequence"] - 1]
        for each in left
        for frame in follower.of(each.run.run_id)
    ]


def test_every_message_reaches_every_follower_once_and_nobody_else(
    stack: EmbeddedStack, followers: Followers, in_full: bool
) -> None:
    load = FULL if in_full else SHORT
    began = time.monotonic()
    parties = _gather(stack, followers, load)
    opened = time.monotonic()
    started = [(party, party.start_all()) for party in parties]
    left = [(party, [aftermath(stack, run_id) for run_id in run_ids]) for party, run_ids in started]
    messages = 0
    for party, runs in left:
        assert {each.run.status for each in runs} == {"succeeded"}
        for follower in (*party.by_user, *party.by_portfolio):
            messages += _heard_exactly(follower, runs)
        for follower, run in zip(party.starters, runs, strict=True):
            messages += _heard_exactly(follower, [run])
        for follower, run in zip(party.by_run, runs, strict=False):
            messages += _heard_exactly(follower, [run], repeats=True)
    seconds = time.monotonic() - opened
    print(
        f"\n{load.connections} connections opened in {opened - began:.1f} s; {load.runs} runs of {CHUNKS} chunks, "
        f"{messages:,} messages delivered in {seconds:.1f} s ({messages / seconds:,.0f} a second)"
    )
    delays = [delay for party, runs in left for follower in party.by_user for delay in _delays(follower, runs)]
    cuts = quantiles(delays, n=100)
    print(f"appended to received: median {cuts[49] * 1_000:.0f} ms, 99 of 100 within {cuts[98] * 1_000:.0f} ms")
