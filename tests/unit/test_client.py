"""The client, against a real WebSocket server on this machine that loses, repeats, delays and refuses as it is told."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tickfold.client import (
    Patience,
    RunFailedError,
    RunTimeoutError,
    UnreachableError,
    run_backtest,
)
from tickfold.protocol import (
    Accepted,
    BacktestConfig,
    Error,
    Failed,
    Message,
    Planned,
    Pong,
    Progress,
    Result,
    dump,
)

CONFIG = BacktestConfig(stock="GOOG", start_date=date(2020, 1, 1), end_date=date(2020, 12, 31), start_capital=10_000)
QUICK = Patience(
    run=10, opening=2, keepalive=5, answer=0.2, gap=0.1, first_retry=0.01, longest_retry=0.05, reconnecting=1
)
RUN = "run-1"

Script = Callable[["Peer"], None]


def accepted(sequence: int = 1) -> Message:
    return Accepted(run_id=RUN, sequence=sequence, execution_arn="arn:aws:states:::execution", config=CONFIG)


def planned(sequence: int = 2) -> Message:
    return Planned(run_id=RUN, sequence=sequence, symbol="GOOG", timeframe="1d", bars=250, chunks=4)


def progress(sequence: int, done: int = 1) -> Message:
    return Progress(run_id=RUN, sequence=sequence, chunks_done=done, chunks=4)


def result(sequence: int, run_id: str = RUN) -> Message:
    return Result(
        run_id=run_id,
        sequence=sequence,
        symbol="GOOG",
        timeframe="1d",
        start=date(2020, 1, 2),
        end=date(2020, 12, 31),
        bars=250,
        strategy="buy_and_hold",
        parameters={},
        chunks=4,
        replayed_bars=3,
        metrics={"final_equity": 12_345.0, "sharpe": None},
        execution_arn="arn:aws:states:::execution",
        trades_uri="s3://bucket/trades",
        equity_uri="s3://bucket/equity",
        duration_seconds=1.5,
    )


@dataclass
class Peer:
    """The server's end of one connection: what it sends, and what it gets."""

    connection: ServerConnection
    received: list[dict[str, Any]]

    def send(self, *messages: Message) -> None:
        for message in messages:
            self.connection.send(dump(message))

    def receive(self) -> dict[str, Any]:
        self.received.append(json.loads(self.connection.recv(timeout=5)))
        return self.received[-1]

    def offered(self) -> str | None:
        """Return the subprotocols that the client offered."""
        assert self.connection.request is not None
        return self.connection.request.headers.get("Sec-WebSocket-Protocol")

    def break_off(self) -> None:
        """Lose the connection as a network does: without a closing handshake."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)


@dataclass
class Network:
    """What a test sees of the server: its URL, all that it got, and how often it was connected to."""

    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    refused: int = 0

    def types(self) -> list[str]:
        return [request["type"] for request in self.received]


@contextmanager
def network(
    *scripts: Script,
    refuse: Callable[[int], bool] = lambda _attempt: False,
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE,
) -> Iterator[Network]:
    """Serve: the first connection by the first script, and so on; attempts that `refuse` names get `status`."""
    seen = Network()
    attempts = 0

    def admit(connection: ServerConnection, _request: Request) -> Response | None:
        nonlocal attempts
        attempts += 1
        if not refuse(attempts):
            return None
        seen.refused += 1
        return connection.respond(status, "not now")

    def play(connection: ServerConnection) -> None:
        script = scripts[seen.connections]
        seen.connections += 1
        script(Peer(connection, seen.received))

    server: Server = serve(play, "127.0.0.1", 0, process_request=admit)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    seen.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stage"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join(5)
    assert not thread.is_alive()


def run(url: str, patience: Patience = QUICK) -> tuple[Result, list[int]]:
    seen: list[Message] = []
    outcome = run_backtest(url, CONFIG, seen.append, patience)
    assert seen[-1] == outcome
    return outcome, [message.sequence for message in seen]


def test_a_run_is_followed_to_its_result() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), planned(), progress(3), result(4))

    with network(script) as seen:
        outcome, sequences = run(seen.url)
    assert outcome == result(4)
    assert sequences == [1, 2, 3, 4]
    assert seen.received == [
        {"type": "start_backtest", "mode": "cloud", "config": json.loads(dump(CONFIG))},
    ]


def test_messages_are_put_in_order_and_repetitions_dropped() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(planned(), result(5), accepted(), planned(), progress(4), progress(3), progress(3))

    with network(script) as seen:
        assert run(seen.url)[1] == [1, 2, 3, 4, 5]


def test_a_repetition_of_what_was_delivered_is_no_gap() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), planned(), accepted())
        time.sleep(3 * QUICK.gap)
        peer.send(result(3))

    with network(script) as seen:
        assert run(seen.url)[1] == [1, 2, 3]
    assert seen.types() == ["start_backtest"]


def test_another_run_on_the_connection_is_not_taken_for_ours() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), result(2, run_id="another"), planned(), result(3))

    with network(script) as seen:
        assert run(seen.url)[0].run_id == RUN


def test_after_a_lost_connection_no_message_is_missed() -> None:
    def lost(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), planned(), progress(4))
        time.sleep(0.05)
        peer.break_off()

    def resumed(peer: Peer) -> None:
        assert peer.receive() == {"type": "resume", "runId": RUN, "after": 2}
        peer.send(progress(3), progress(4), result(5))

    with network(lost, resumed) as seen:
        assert run(seen.url)[1] == [1, 2, 3, 4, 5]
    assert seen.types() == ["start_backtest", "resume"]


def test_a_connection_that_the_server_closes_in_good_order_is_replaced_too() -> None:
    def closed(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())

    def resumed(peer: Peer) -> None:
        peer.receive()
        peer.send(result(2))

    with network(closed, resumed) as seen:
        assert run(seen.url)[1] == [1, 2]


def test_it_keeps_trying_to_connect_again() -> None:
    def lost(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())

    def resumed(peer: Peer) -> None:
        peer.receive()
        peer.send(result(2))

    with network(lost, resumed, refuse=lambda attempt: 2 <= attempt <= 5) as seen:
        assert run(seen.url)[1] == [1, 2]
    assert seen.refused == 4


def test_it_gives_up_connecting_again_and_says_that_the_run_goes_on() -> None:
    def lost(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())

    with (
        network(lost, refuse=lambda attempt: attempt > 1) as seen,
        pytest.raises(UnreachableError, match=r"could not be opened again; run run-1 goes on.*HTTP status 503"),
    ):
        run(seen.url, Patience(run=10, first_retry=0.02, longest_retry=0.3, reconnecting=0.6))
    assert 3 < seen.refused < 20  # a pause that did not grow would allow about 60


def test_a_connection_lost_before_the_run_is_known_does_not_start_it_twice() -> None:
    def lost(peer: Peer) -> None:
        peer.receive()
        peer.break_off()

    with (
        network(lost) as seen,
        pytest.raises(RunFailedError, match=r"lost before the run was accepted.*it may have started"),
    ):
        run(seen.url)
    assert seen.types() == ["start_backtest"]


def test_a_message_that_did_not_come_is_asked_for() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), result(3))
        assert peer.receive() == {"type": "resume", "runId": RUN, "after": 1}
        peer.send(planned(), result(3))

    with network(script) as seen:
        assert run(seen.url)[1] == [1, 2, 3]


def test_a_gap_is_seen_while_later_messages_go_on_coming() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())
        asked = threading.Event()
        listener = threading.Thread(target=lambda: asked.set() if peer.receive() else None)
        listener.start()
        sequence = 3
        while not asked.is_set() and sequence < 100:
            peer.send(progress(sequence))
            sequence += 1
            time.sleep(0.02)
        listener.join()
        peer.send(planned(), result(sequence))

    with network(script) as seen:
        sequences = run(seen.url)[1]
    assert sequences == list(range(1, len(sequences) + 1))
    assert 5 < len(sequences) < 50


def test_a_message_that_was_never_kept_is_done_without() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), result(3))
        peer.receive()
        peer.receive()

    with network(script) as seen:
        assert run(seen.url)[1] == [1, 3]


def test_a_quiet_connection_is_kept_alive_by_pings() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        for _ in range(3):
            assert peer.receive() == {"type": "ping"}
            peer.send(Pong())
        peer.send(accepted(), result(2))

    with network(script) as seen:
        run(seen.url, Patience(run=5, keepalive=0.05, answer=2))
    assert seen.types() == ["start_backtest", "ping", "ping", "ping"]


def test_a_last_message_that_did_not_come_is_asked_for_with_the_ping() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())
        assert [peer.receive()["type"], peer.receive()["type"]] == ["ping", "resume"]
        peer.send(Pong(), result(2))

    with network(script) as seen:
        assert run(seen.url, Patience(run=5, keepalive=0.05, answer=2))[1] == [1, 2]


def test_a_server_that_does_not_answer_a_ping_is_taken_for_lost() -> None:
    def mute(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())
        with suppress(ConnectionClosed):
            while True:
                peer.receive()

    def resumed(peer: Peer) -> None:
        peer.receive()
        peer.send(result(2))

    with network(mute, resumed) as seen:
        run(seen.url, Patience(run=3, keepalive=0.05, answer=0.1, first_retry=0.01))
    assert seen.connections == 2


def test_a_run_that_fails_says_where_and_why() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), Failed(run_id=RUN, sequence=2, stage="simulate", reason="no bars on 2020-02-30"))

    with network(script) as seen, pytest.raises(RunFailedError) as caught:
        run(seen.url)
    assert (caught.value.run_id, caught.value.stage) == (RUN, "simulate")
    assert str(caught.value) == "no bars on 2020-02-30"


def test_a_refused_request_starts_no_run() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(Error(reason="unknown symbol GOOG"))

    with network(script) as seen, pytest.raises(RunFailedError) as caught:
        run(seen.url)
    assert (str(caught.value), caught.value.run_id, caught.value.stage) == ("unknown symbol GOOG", None, None)


def test_what_is_no_message_is_refused_and_shown() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.connection.send('{"message": "Internal server error"}')

    with network(script) as seen, pytest.raises(RunFailedError, match=r"no message of this version.*Internal server"):
        run(seen.url)


def test_waiting_ends_and_says_that_the_run_goes_on() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted())
        with suppress(ConnectionClosed):
            peer.connection.recv(timeout=5)

    with network(script) as seen, pytest.raises(RunTimeoutError, match=r"no result within 0.3 s; run run-1 goes on"):
        run(seen.url, Patience(run=0.3))


def test_an_error_of_the_caller_is_not_taken_for_a_lost_connection() -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(accepted(), result(2))

    def full(_message: Message) -> None:
        raise OSError("no space left")

    with network(script) as seen, pytest.raises(OSError, match="no space left"):
        run_backtest(seen.url, CONFIG, full, QUICK)
    assert seen.connections == 1


def test_a_url_that_nobody_serves_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/stage"
        with pytest.raises(UnreachableError, match=rf"cannot connect to {url}: .*refused"):
            run(url)


def test_a_server_that_refuses_the_connection_is_named_with_its_status() -> None:
    with (
        network(refuse=lambda _attempt: True) as seen,
        pytest.raises(UnreachableError, match="refused the connection with HTTP status 503"),
    ):
        run(seen.url)


@pytest.mark.parametrize("url", ["", "localhost", "http://127.0.0.1/stage", "ws://[1/stage"])
def test_what_is_no_websocket_url_is_refused(url: str) -> None:
    with pytest.raises(UnreachableError, match=r"is no WebSocket URL; expected wss://HOST/STAGE"):
        run(url)


def test_a_token_is_offered_as_a_subprotocol_on_every_connection() -> None:
    offered = []

    def begin(peer: Peer) -> None:
        offered.append(peer.offered())
        peer.receive()
        peer.send(accepted())
        peer.break_off()

    def end(peer: Peer) -> None:
        offered.append(peer.offered())
        peer.receive()
        peer.send(result(2))

    with network(begin, end) as seen:
        run_backtest(seen.url, CONFIG, patience=QUICK, token="a.b.c")  # noqa: S106 - no secret
    assert offered == ["tickfold, bearer.a.b.c"] * 2


def test_without_a_token_no_subprotocol_is_offered() -> None:
    def answer(peer: Peer) -> None:
        assert peer.offered() is None
        peer.receive()
        peer.send(accepted(), result(2))

    with network(answer) as seen:
        assert run(seen.url)[0].run_id == RUN


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
def test_a_refused_token_is_told_without_the_one_in_the_url(status: HTTPStatus) -> None:
    expected = pytest.raises(UnreachableError, match=f"HTTP status {status.value}: it expects a token")
    with network(refuse=lambda _attempt: True, status=status) as seen, expected as refused:
        run(f"{seen.url}?token=a.b.c")
    assert "a.b.c" not in str(refused.value)
