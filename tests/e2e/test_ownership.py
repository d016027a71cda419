"""Ownership: a run belongs to its user, and users with its portfolio may follow it."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.faulty_proxy import CONNECTIONS, Fault, between
from tests.e2e.websocket_client import SMA, Json, WebSocketClient, connected, start

GONE = Fault(410, "GoneException")


class People:
    """Users, each with a connection and portfolios."""

    def __init__(self, stack: EmbeddedStack, connections: ExitStack) -> None:
        self._stack, self._connections = stack, connections
        self._suffix = secrets.token_hex(4)

    def come(self, name: str, *portfolios: str) -> WebSocketClient:
        """Connect the user `name`."""
        url = url_for(self._stack, f"{name}-{self._suffix}", portfolios)
        return self._connections.enter_context(connected(url))


@pytest.fixture
def people(stack: EmbeddedStack) -> Iterator[People]:
    with ExitStack() as connections:
        yield People(stack, connections)


def asked(client: WebSocketClient, request: Json) -> Json:
    """Send a request with its own correlation id; return the reply."""
    name = secrets.token_hex(4)
    client.send(request | {"correlationId": name})
    while (answer := client.receive()).get("correlationId") != name:
        pass
    return answer


def ended(client: WebSocketClient, **more: str) -> str:
    """Start a small run, wait until it ends, and return its id."""
    client.send(start(**SMA, chunks=2) | more)
    return str(client.receive_all()[-1]["runId"])


ABOUT_A_RUN: list[Json] = [
    {"type": "cancel"},
    {"type": "resume", "after": 0},
    {"type": "get_result"},
    {"type": "subscribe", "topic": "run"},
]


@pytest.mark.parametrize("request_", ABOUT_A_RUN, ids=lambda request: str(request["type"]))
def test_existence_of_another_users_run_is_hidden(people: People, request_: Json) -> None:
    run_id = ended(people.come("ann"))
    bob = people.come("bob", "growth")

    def refusal(name: str) -> Json:
        answer = asked(bob, request_ | {"runId": name, "id": name})
        return {field: str(answer[field]).replace(name, "…") for field in ("type", "code", "reason")}

    assert (
        refusal(run_id)
        == refusal("no-such-run")
        == {"type": "error", "code": "not_found", "reason": "there is no run …"}
    )
    assert bob.is_idle()


def test_list_runs_has_only_the_users_own(people: People) -> None:
    ann, bob = people.come("ann"), people.come("bob")
    first, second = ended(ann), ended(ann)
    assert [run["runId"] for run in asked(ann, {"type": "list_runs"})["runs"]] == [second, first]
    assert asked(bob, {"type": "list_runs"})["runs"] == []


def test_user_topic_reaches_every_connection_of_the_user(people: People) -> None:
    desk, phone, other = people.come("ann"), people.come("ann"), people.come("bob")
    assert asked(phone, {"type": "subscribe", "topic": "user"})["type"] == "subscribed"
    desk.send(start(**SMA, chunks=2))
    at_desk, on_phone = desk.receive_all(), phone.receive_all()
    assert [message["sequence"] for message in on_phone] == list(range(1, len(on_phone) + 1))
    assert on_phone == at_desk
    assert other.is_idle()
    assert asked(phone, {"type": "unsubscribe", "topic": "user"})["type"] == "unsubscribed"
    ended(desk)
    assert phone.is_idle()


def test_portfolio_user_follows_runs_but_cannot_cancel_them(people: People) -> None:
    ann, bob = people.come("ann", "growth"), people.come("bob", "growth", "income")
    assert asked(bob, {"type": "subscribe", "topic": "portfolio", "id": "growth"})["type"] == "subscribed"
    run_id = ended(ann, portfolio="growth")
    assert [message["runId"] for message in bob.receive_all()][-1] == run_id
    assert asked(bob, {"type": "get_result", "runId": run_id})["type"] == "result"
    refused = asked(bob, {"type": "cancel", "runId": run_id})
    assert (refused["code"], refused["reason"]) == (
        "conflict",
        f"run {run_id} is not yours: only who started it may cancel it",
    )


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "subscribe", "topic": "portfolio", "id": "growth"},
        {"type": "subscribe", "topic": "user", "id": "bob"},
        start(**SMA) | {"portfolio": "growth"},
    ],
    ids=["portfolio", "user", "start"],
)
def test_subscription_to_foreign_topic_is_refused(people: People, request_: Json) -> None:
    ann = people.come("ann", "income")
    answer = asked(ann, request_)
    assert (answer["type"], answer["code"]) == ("error", "not_found")
    assert ann.is_idle()


def test_portfolio_in_the_url_is_subscribed_on_connect(stack: EmbeddedStack, people: People) -> None:
    with connected(f"{url_for(stack, 'watcher', ['growth'])}&portfolioId=growth") as watcher:
        run_id = ended(people.come("ann", "growth"), portfolio="growth")
        assert watcher.receive_all()[-1]["runId"] == run_id


def test_portfolio_in_the_url_stays_subscribed_if_a_message_comes_before_the_handshake_is_over(
    stack: EmbeddedStack, people: People
) -> None:
    # API Gateway says so of a connection whose $connect it has not answered yet.
    too_early = between(stack, ["deliver"], CONNECTIONS, lambda post: GONE if post.number == 1 else None)
    url = f"{url_for(stack, 'early', ['early'])}&portfolioId=early"
    with too_early as faults, connected(url) as watcher:
        asker = people.come("ann", "early")
        for _ in range(2):
            run_id = ended(asker, portfolio="early")
        while (message := watcher.receive_all()[-1])["runId"] != run_id:
            assert message["type"] == "result"
    assert faults == {"GoneException": 1}


def test_idempotency_key_is_scoped_to_its_user(people: People) -> None:
    ann, bob = people.come("ann"), people.come("bob")
    first = ended(ann, key="monday")
    assert ended(bob, key="monday") != first
    assert ended(ann, key="monday") == first
    refused = asked(ann, start(**SMA, chunks=3) | {"key": "monday"})
    assert (refused["type"], refused["code"]) == ("error", "conflict")
    assert len(asked(ann, {"type": "list_runs"})["runs"]) == 1


def test_whoami_returns_the_claims_of_the_token(people: People) -> None:
    answer = asked(people.come("ann", "growth", "income"), {"type": "whoami"})
    assert answer["userId"].startswith("ann-")
    assert answer["portfolios"] == ["growth", "income"]


def test_unknown_fields_are_ignored_and_named_in_accepted(people: People) -> None:
    ann = people.come("ann")
    accepted = asked(ann, start(**SMA, chunks=1, stopLos=0.1) | {"colour": "red"})
    assert (accepted["type"], accepted["ignored"]) == ("accepted", ["colour", "config.stopLos"])
    assert ann.receive_all()[-1]["type"] == "result"
