"""A run's messages by page, for clients that ask rather than subscribe."""

from tickfold.backtests.run import Run
from tickfold.backtests.run_store import RunStore
from tickfold.protocol import RunEvent, parse_message
from tickfold.protocol.run_views import MOST_MESSAGES, MessagesPage, RunMessages


def messages_page(runs: RunStore, run: Run, page: MessagesPage) -> RunMessages:
    """Return the messages of `run` that follow those that the client has."""
    bodies = runs.messages_after(run.run_id, page.after)
    messages = [message for body in bodies[:MOST_MESSAGES] if isinstance(message := parse_message(body), RunEvent)]
    more = len(bodies) > MOST_MESSAGES
    return RunMessages(run_id=run.run_id, messages=messages, next=messages[-1].sequence if more else None)
