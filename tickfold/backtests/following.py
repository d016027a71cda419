"""Following runs: subscribing to them, catching up on their messages, and asking for their results."""

from dataclasses import dataclass
from typing import assert_never

from tickfold.backtests.run import Run
from tickfold.backtests.run_store import RunStore
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.protocol import (
    GetResult,
    Message,
    Resume,
    Resumed,
    RunTopic,
    Subscribed,
    Unsubscribed,
    parse_message,
)
from tickfold.realtime import topics
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import Subscriptions


def visible_run(runs: RunStore, user: User, run_id: str) -> Run:
    """Return a run of the user, or of one of the user's portfolios.

    Raises:
        RunError: there is no such run. Runs of others do not exist for a user.
    """
    run = runs.get(run_id)
    if run is None or (run.user_id != user.user_id and run.portfolio not in user.portfolios):
        raise RunError(f"there is no run {run_id}", "not_found")
    return run


def final_message(run: Run) -> Message:
    """Return the message that the run has ended with.

    Raises:
        RunError: it is still going on.
    """
    if run.ended_with is None or run.is_running:
        done = f"{run.chunks_done} of {run.chunks} chunks are done"
        raise RunError(f"run {run.run_id} is still going on: {done}", "conflict")
    return parse_message(run.ended_with)


def replay(runs: RunStore, caller: Caller, run: Run) -> None:
    """Send all messages of a run so far, the first as the reply."""
    first, *others = runs.messages_after(run.run_id, 0)
    caller.reply(parse_message(first))
    send_all(caller, others)


def send_all(caller: Caller, bodies: list[str]) -> None:
    """Send messages in order, until the connection is gone."""
    for body in bodies:
        if not caller.send(body):
            return


@dataclass(frozen=True)
class RunFollower:
    """Carries out the requests by which clients follow runs."""

    runs: RunStore
    connections: Subscriptions

    def resume(self, caller: Caller, request: Resume) -> None:
        """Subscribe the caller to a run, and send the messages that it missed; later ones may come twice."""
        run = visible_run(self.runs, caller.user, request.run_id)
        self.connections.subscribe(caller.connection_id, caller.user, topics.of_run(run.run_id))
        # Read again: what was appended before the subscription is not delivered, so it must be sent from here.
        run = self.runs.get(run.run_id) or run
        caller.reply(Resumed(run_id=run.run_id, status=run.status, last_sequence=run.sequence))
        send_all(caller, self.runs.messages_after(run.run_id, request.after))

    def get_result(self, caller: Caller, request: GetResult) -> None:
        """Send the run's final message."""
        caller.reply(final_message(visible_run(self.runs, caller.user, request.run_id)))

    def subscribe(self, caller: Caller, topic: RunTopic, id: str | None) -> None:
        """Subscribe the caller to one of its own topics."""
        stored, name = self._topic(caller.user, topic, id)
        self.connections.subscribe(caller.connection_id, caller.user, stored)
        caller.reply(Subscribed(topic=topic, id=name))

    def unsubscribe(self, caller: Caller, topic: RunTopic, id: str | None) -> None:
        """Remove the caller's subscription to a topic. Idempotent."""
        stored, name = self._topic(caller.user, topic, id)
        self.connections.unsubscribe(caller.connection_id, stored)
        caller.reply(Unsubscribed(topic=topic, id=name))

    def _topic(self, user: User, topic: RunTopic, id: str | None) -> tuple[str, str]:
        """Return the topic as it is stored, and the id by which the client knows it."""
        match topic:
            case "user":
                name = user.user_id
                if id not in (None, name):
                    raise RunError(f"you are {name}, and can subscribe to no other user", "not_found")
                return topics.of_user(name), name
            case "portfolio":
                name = id or ""
                if name not in user.portfolios:
                    raise RunError(f"portfolio {name} is not one of yours", "not_found")
                return topics.of_portfolio(name), name
            case "run":
                name = visible_run(self.runs, user, id or "").run_id
                return topics.of_run(name), name
            case _:
                assert_never(topic)
