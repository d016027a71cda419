"""Many connections and many runs at once: each message reaches everybody who follows its run, once, and nobody else."""

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.final_state import FinalState, final_state
from tests.e2e.recorder import SECONDS, ReconnectingClient, Recorders
from tests.e2e.websocket_client import SMA, Json, start

CHUNKS = 3


@dataclass(frozen=True)
class Load:
    """How many users there are, what each of them starts, each run followed by one more, and who follows all."""

    users: int
    runs_each: int
    by_user: int
    by_portfolio: int

    @property
    def runs(self) -> int:
        return self.users * self.runs_each


SHORT = Load(users=2, runs_each=5, by_user=5, by_portfolio=5)
FULL = Load(users=5, runs_each=10, by_user=10, by_portfolio=10)


@dataclass
class Party:
    """A user with a portfolio, and the clients of that user."""

    user: str
    starters: list[ReconnectingClient]
    by_run: list[ReconnectingClient]
    by_user: list[ReconnectingClient]
    by_portfolio: list[ReconnectingClient]

    def start_all(self) -> list[str]:
        """Start a run on each of the starters; return their ids."""
        for starter in self.starters:
            request = start(first="2011-03-01", **SMA, chunks=CHUNKS)
            starter.connections[0].send(request | {"portfolio": f"of-{self.user}"})
        run_ids = [starter.connections[0].wait_for(_is_accepted)["runId"] for starter in self.starters]
        for client, run_id in zip(self.by_run, run_ids, strict=True):
            client.connections[0].send({"type": "resume", "runId": run_id, "after": 0})
        return run_ids


def _is_accepted(message: Json) -> bool:
    return bool(message["type"] == "accepted")


def _gather(stack: EmbeddedStack, recorders: Recorders, load: Load) -> list[Party]:
    def clients(url: str, count: int) -> list[ReconnectingClient]:
        return [ReconnectingClient(url, recorders, [recorder]) for recorder in recorders.open_all([url] * count)]

    parties = []
    for _ in range(load.users):
        user = f"user-{secrets.token_hex(3)}"
        url = url_for(stack, user, [f"of-{user}"])
        by_portfolio = clients(f"{url}&portfolioId=of-{user}", load.by_portfolio)
        starters, by_run, by_user = (clients(url, count) for count in (load.runs_each, load.runs_each, load.by_user))
        for client in by_user:
            client.connections[0].send({"type": "subscribe", "topic": "user"})
            client.connections[0].wait_for(lambda message: message["type"] == "subscribed")
        parties.append(Party(user, starters, by_run, by_user, by_portfolio))
    return parties


def _hear_out(client: ReconnectingClient, left: Sequence[FinalState]) -> None:
    """Wait until the client has heard everything; one that is cut off comes back for what it missed."""

    def has_all() -> bool:
        return all(client.last_in_order(each.run.run_id) == each.run.sequence for each in left)

    while not has_all():
        recorder = client.connections[-1]
        recorder.wait_until(lambda: has_all() or client.connections[-1].is_closed, 2 * SECONDS)
        if recorder.is_closed and not has_all():
            for each in left:
                client.resume(each.run.run_id)


def _heard_exactly(client: ReconnectingClient, left: Sequence[FinalState], *, resumed: bool = False) -> int:
    """Hold the client to having heard `left` and nothing else; return the number of messages.

    Without repeats each came in order, unless the client asked for what it missed. Repeats, which an emulator that is
    out of breath makes as AWS does, are the same to the byte.
    """
    _hear_out(client, left)
    numbered = [frame for recorder in client.connections for frame in recorder.frames if frame.message["sequence"] > 0]
    assert {frame.message["runId"] for frame in numbered} == {each.run.run_id for each in left}
    for each in left:
        copies = client.copies(each.run.run_id)
        assert [set(copies[sequence]) for sequence in sorted(copies)] == [{body} for body in each.bodies]
        if not resumed and len(client.connections) == 1:
            heard = dict.fromkeys(frame.text for frame in client.connections[0].of(each.run.run_id))
            assert list(heard) == each.bodies
    return len(numbered)


def _delays(client: ReconnectingClient, left: Iterable[FinalState]) -> list[float]:
    """Return the seconds between each message's being appended and received."""
    return [
        frame.received_at - each.appended_at[frame.message["sequence"] - 1]
        for each in left
        for frame in client.connections[0].of(each.run.run_id)
    ]


def test_every_message_reaches_every_follower_once_and_nobody_else(
    stack: EmbeddedStack, recorders: Recorders, in_full: bool
) -> None:
    load = FULL if in_full else SHORT
    began = time.monotonic()
    parties = _gather(stack, recorders, load)
    opened = time.monotonic()
    started = [(party, party.start_all()) for party in parties]
    left = [(party, [final_state(stack, run_id) for run_id in run_ids]) for party, run_ids in started]
    messages = resumed = 0
    for party, runs in left:
        assert {each.run.status for each in runs} == {"succeeded"}
        for client in (*party.by_user, *party.by_portfolio):
            messages += _heard_exactly(client, runs)
        for client, run in zip(party.starters, runs, strict=True):
            messages += _heard_exactly(client, [run])
        for client, run in zip(party.by_run, runs, strict=True):
            resumed += _heard_exactly(client, [run], resumed=True)
    seconds = time.monotonic() - opened
    clients = [c for p in parties for c in (*p.starters, *p.by_run, *p.by_user, *p.by_portfolio)]
    told = [len(run.bodies) for _, runs in left for run in runs]
    repeats = messages - sum(told) * (1 + load.by_user + load.by_portfolio)
    came_back = sum(len(client.connections) > 1 for client in clients)
    delays = [delay for party, runs in left for client in party.by_user for delay in _delays(client, runs)]
    cuts = quantiles(delays, n=100)
    total = messages + resumed
    print(
        f"\n{len(clients)} connections opened in {opened - began:.1f} s; {load.runs} runs of {CHUNKS} chunks, "
        f"{total:,} messages delivered in {seconds:.1f} s ({total / seconds:,.0f} a second)\n"
        f"{repeats} repeats to those who never resumed, {resumed - sum(told)} to the {load.runs} who did while their "
        f"run went on; {came_back} clients were cut off and came back\n"
        f"appended to received: median {cuts[49] * 1_000:.0f} ms, 99 of 100 within {cuts[98] * 1_000:.0f} ms"
    )
