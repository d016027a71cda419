"""The client against a stack on this machine that loses, repeats, delays, refuses and falls silent as it is told."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from tests.client.fake_stack import CONFIG, FakeStack, Peer, progress, result, stack
from tickfold.client import (
    Client,
    Patience,
    RefusedError,
    RunCancelledError,
    RunFailedError,
    RunHandle,
    RunTimeoutError,
    UnauthorizedError,
    UnreachableError,
)
from tickfold.client.run import WINDOW
from tickfold.client.subscription import MOST_KEPT
from tickfold.errors import RunError
from tickfold.protocol import Cancelled, Error, Failed, Message, Pong, Reopened, SweepConfig

QUICK = Patience(
    run=10,
    opening=2,
    closing=0.5,
    heartbeat=5,
    answer=5,
    gap=0.1,
    quiet=5,
    first_retry=0.01,
    longest_retry=0.05,
    reconnecting=2,
)
PLAN = [progress(2, ""), progress(3, ""), progress(4, ""), result(5, "")]
LONGEST = 20

Work = Callable[[], Coroutine[Any, Any, None]]


def alone(work: Work) -> Callable[[], None]:
    """Run a test in an event loop of its own, and see that it leaves no task behind."""

    async def whole() -> None:
        async with asyncio.timeout(LONGEST):
            await work()
        await asyncio.sleep(0)  # those that were cancelled at the last moment end in the next turn
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def test() -> None:
        asyncio.run(whole(), debug=False)

    test.__name__, test.__doc__ = work.__name__, work.__doc__
    return test


async def sequences(handle: RunHandle) -> list[int]:
    return [event.sequence async for event in handle]


def token(expires_in: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "user-1", "exp": time.time() + expires_in}).encode())
    return f"e30.{claims.decode().rstrip('=')}.signature"


# --- a run over one connection ---------------------------------------------------------------------------------------


@alone
async def test_run_is_followed_to_result() -> None:
    async with stack(plan=PLAN) as fake, Client(fake.url, "secret", QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        assert handle.run_id == "run-1"
        events = [event async for event in handle]
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert events[-1] == result(5, "run-1")
    assert fake.attempts == ["secret"]
    assert fake.types() == ["start_backtest"]
    assert fake.received[0]["config"] == CONFIG.model_dump(mode="json", by_alias=True)
    assert fake.received[0]["portfolio"] is None


@alone
async def test_result_shows_every_event() -> None:
    shown: list[int] = []
    async with stack(plan=PLAN) as fake, Client(fake.url, patience=QUICK) as client:
        handle = await client.start_backtest(CONFIG, portfolio="p-1")
        outcome = await handle.result(lambda event: shown.append(event.sequence))
    assert outcome == result(5, "run-1")
    assert shown == [1, 2, 3, 4, 5]
    assert fake.attempts == [None]
    assert fake.received[0]["portfolio"] == "p-1"


@alone
async def test_sweep_is_followed_like_run() -> None:
    config = SweepConfig(**CONFIG.model_dump(exclude={"parameters"}), parameters={"fast": [1, 2]})
    async with stack(plan=PLAN) as fake, Client(fake.url, patience=QUICK) as client:
        assert (await (await client.start_sweep(config)).result()).sequence == 5
    assert fake.types() == ["start_sweep"]


@alone
async def test_start_is_idempotent_by_key() -> None:
    async with stack(plan=PLAN) as fake, Client(fake.url, patience=QUICK) as client:
        first, second = await client.start_backtest(CONFIG, key="k"), await client.start_backtest(CONFIG, key="k")
        third, fourth = await client.start_backtest(CONFIG), await client.start_backtest(CONFIG)
        assert [each.run_id for each in (first, second, third, fourth)] == ["run-1", "run-1", "run-2", "run-3"]
        assert await sequences(first) == await sequences(second) == await sequences(third) == [1, 2, 3, 4, 5]


@alone
async def test_messages_are_ordered_and_deduplicated() -> None:
    def shuffle(messages: list[Message]) -> list[Message]:
        return [messages[0], *reversed(messages), messages[2]] if len(messages) > 1 else messages

    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = shuffle

    async with stack(plan=PLAN, on_connect=connect) as fake, Client(fake.url, patience=QUICK) as client:
        assert await sequences(await client.start_backtest(CONFIG)) == [1, 2, 3, 4, 5]
    assert fake.types() == ["start_backtest"]


@alone
async def test_missing_message_is_requested() -> None:
    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = lambda messages: [each for each in messages if each.sequence != 3 or len(fake.received) > 1]

    async with stack(plan=PLAN, on_connect=connect) as fake, Client(fake.url, patience=QUICK) as client:
        assert await sequences(await client.start_backtest(CONFIG)) == [1, 2, 3, 4, 5]
    assert [(each["type"], each.get("after")) for each in fake.received] == [("start_backtest", None), ("resume", 2)]
    assert fake.connected == 1


@alone
async def test_missing_last_message_is_requested_after_silence() -> None:
    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = lambda messages: [each for each in messages if each.sequence != 5 or len(fake.received) > 1]

    patience = replace(QUICK, quiet=0.1)
    async with stack(plan=PLAN, on_connect=connect) as fake, Client(fake.url, patience=patience) as client:
        assert await sequences(await client.start_backtest(CONFIG)) == [1, 2, 3, 4, 5]
    assert fake.received[-1]["after"] == 4


@alone
async def test_unknown_message_type_is_skipped_in_sequence() -> None:
    class Novelty(Message):
        type: str = "novelty"

    plan = [Novelty(sequence=2), progress(3, ""), Novelty(), result(4, "")]
    async with stack(plan=plan) as fake, Client(fake.url, patience=QUICK) as client:
        assert await sequences(await client.start_backtest(CONFIG)) == [1, 3, 4]


@alone
async def test_unreadable_message_of_known_type_is_error() -> None:
    class Damaged(Message):
        type: str = "result"

    async with stack(plan=[Damaged(sequence=2)]) as fake, Client(fake.url, patience=QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        with pytest.raises(RunError, match=r'a message that this version of Tickfold cannot parse: .*"result"'):
            await handle.result()


# --- how a run ends --------------------------------------------------------------------------------------------------


@alone
async def test_failed_run_raises_stage_and_reason() -> None:
    plan = [Failed(sequence=2, stage="simulate", reason="no bars on 2020-02-30")]
    async with stack(plan=plan) as fake, Client(fake.url, patience=QUICK) as client:
        with pytest.raises(RunFailedError, match=r"^no bars on 2020-02-30$") as caught:
            await (await client.start_backtest(CONFIG)).result()
    assert (caught.value.run_id, caught.value.stage) == ("run-1", "simulate")


@alone
async def test_cancelled_run_raises_for_every_follower() -> None:
    async with stack(plan=PLAN[:2]) as fake, Client(fake.url, patience=QUICK) as one:
        handle = await one.start_backtest(CONFIG)
        async with Client(fake.url, patience=QUICK) as other:
            watched = await other.attach("run-1")
            assert isinstance(await other.cancel("run-1"), Cancelled)
            assert await sequences(watched) == [1, 2, 3, 4]
            assert isinstance(await other.cancel("run-1"), Cancelled)
        with pytest.raises(RunCancelledError, match=r"^run run-1 was cancelled$"):
            await handle.result()


@alone
async def test_redriven_run_continues_after_failure() -> None:
    run = [progress(1, "r"), Failed(run_id="r", sequence=2, stage="simulate", reason="lost")]
    again = [*run, Reopened(run_id="r", sequence=3), result(4, "r")]
    async with stack(runs={"failed": run, "r": again}) as fake, Client(fake.url, patience=QUICK) as client:
        assert await sequences(await client.attach("r")) == [1, 2, 3, 4]
        assert await sequences(await client.attach("r", after=2)) == [3, 4]
        assert await (await client.attach("r")).result() == result(4, "r")


@alone
async def test_redriven_run_continues_though_messages_are_late() -> None:
    def connect(_fake: FakeStack, peer: Peer, _number: int) -> None:
        peer.fault = lambda messages: [each for each in messages if each.sequence < 3 or len(fake.received) > 1]

    run = [progress(1, "r"), Failed(run_id="r", sequence=2, stage="simulate", reason="lost")]
    again = [*run, Reopened(run_id="r", sequence=3), result(4, "r")]
    async with stack(runs={"r": again}, on_connect=connect) as fake, Client(fake.url, patience=QUICK) as client:
        assert await sequences(await client.attach("r")) == [1, 2, 3, 4]


@alone
async def test_attach_after_last_event_ends_at_once() -> None:
    async with (
        stack(runs={"r": [progress(1, "r"), result(2, "r")]}) as fake,
        Client(fake.url, patience=QUICK) as client,
    ):
        handle = await client.attach("r", after=2)
        assert await sequences(handle) == []
        with pytest.raises(Exception, match=r"the last event of run r was taken before; get_result returns it"):
            await handle.result()
        assert await client.get_result("r") == result(2, "r").model_copy(
            update={"correlation_id": fake.received[-1]["correlationId"]}
        )


@alone
async def test_timeout_says_that_run_continues() -> None:
    async with stack(plan=PLAN[:2]) as fake, Client(fake.url, patience=QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        with pytest.raises(RunTimeoutError, match=r"^no result within 0.05 s; run run-1 continues$"):
            await handle.result(timeout=0.05)
        await fake.publish(progress(4, "run-1"), result(5, "run-1"))
        assert await sequences(handle) == [4, 5]


@alone
async def test_error_of_caller_is_not_a_lost_connection() -> None:
    def full(_event: Message) -> None:
        raise TimeoutError("no space left")

    async with stack(plan=PLAN) as fake, Client(fake.url, patience=QUICK) as client:
        with pytest.raises(TimeoutError, match="no space left"):
            await (await client.start_backtest(CONFIG)).result(full)
    assert fake.connected == 1


@alone
async def test_answer_of_another_kind_is_named() -> None:
    async with stack(refusal=Pong()) as fake, Client(fake.url, patience=QUICK) as client:
        for ask in (client.list_runs(), client.get_result("r")):
            with pytest.raises(RunError, match=r"^unexpected answer from the server: Pong$"):
                await ask


@alone
async def test_refused_request_raises_reason_and_code() -> None:
    refusal = Error(code="limit", reason="ten runs are going on")
    async with stack(refusal=refusal) as fake, Client(fake.url, patience=QUICK) as client:
        asks: list[Awaitable[Any]] = [
            client.start_backtest(CONFIG),
            client.attach("r"),
            client.subscribe("portfolio", "p"),
            client.list_runs(),
        ]
        for ask in asks:
            with pytest.raises(RefusedError, match=r"^ten runs are going on$") as caught:
                await ask
            assert caught.value.code == "limit"


# --- lost connections ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sends", range(6))
def test_connection_lost_at_any_message_loses_nothing(sends: int) -> None:
    """Before `accepted`, between two events, before the result, and after it; and the next one at the same point."""

    def connect(_fake: FakeStack, peer: Peer, number: int) -> None:
        peer.sends = sends if number < 2 else None

    seen: list[bool] = []

    @alone
    async def follow() -> None:
        async with (
            stack(plan=PLAN, on_connect=connect) as fake,
            Client(fake.url, patience=QUICK, watch=seen.append) as client,
        ):
            assert await sequences(await client.start_backtest(CONFIG)) == [1, 2, 3, 4, 5]
        assert len(fake.runs) == 1
        assert len({each["key"] for each in fake.received if each["type"] == "start_backtest"}) == 1
        if sends < 5:
            assert fake.connected > 1
            assert seen[:2] == [False, True]

    follow()


@alone
async def test_every_run_resumes_from_last_event() -> None:
    async with stack(plan=PLAN[:2]) as fake, Client(fake.url, patience=QUICK) as client:
        handles = [await client.start_backtest(CONFIG) for _ in range(20)]
        assert await anext(handles[0])
        fake.peers[0].cut()
        await fake.until(lambda: fake.types().count("resume") == 20)
        assert {each["after"] for each in fake.received[20:]} == {3}
        for handle in handles:
            await fake.publish(progress(4, handle.run_id), result(5, handle.run_id))
        assert [await sequences(each) for each in handles] == [[2, 3, 4, 5], *[[1, 2, 3, 4, 5]] * 19]


@alone
async def test_request_in_flight_is_sent_again() -> None:
    async with stack(runs={"r": PLAN}) as fake:
        fake.answers = lambda _request: fake.connected > 1
        async with Client(fake.url, patience=QUICK) as client, asyncio.TaskGroup() as tasks:
            runs, who = tasks.create_task(client.list_runs()), tasks.create_task(client.whoami())
            await fake.until(lambda: len(fake.received) == 2)
            fake.peers[0].cut()
        assert [run.run_id for run in runs.result().runs] == ["r"]
        assert who.result().user_id == "user-1"
    assert sorted(fake.types()) == ["list_runs"] * 2 + ["whoami"] * 2


@alone
async def test_unanswered_request_is_repeated_then_given_up() -> None:
    patience = replace(QUICK, answer=0.05)
    async with stack() as fake, Client(fake.url, patience=patience) as one:
        fake.answers = lambda _request: len(fake.received) > 2
        assert (await one.whoami()).user_id == "user-1"
        assert fake.types() == ["whoami"] * 3
        fake.answers = lambda _request: False
        with pytest.raises(UnreachableError, match=r"does not answer list_runs$"):
            await one.list_runs()
        assert fake.types()[3:] == ["list_runs"] * 3


@alone
async def test_reconnection_is_retried() -> None:
    def admit(_token: str | None, attempt: int) -> HTTPStatus | None:
        return HTTPStatus.SERVICE_UNAVAILABLE if 2 <= attempt <= 5 else None

    async with stack(plan=PLAN[:1], admit=admit) as fake, Client(fake.url, patience=QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        fake.peers[0].cut()
        await fake.until(lambda: "resume" in fake.types())
        await fake.publish(progress(3, "run-1"), result(4, "run-1"))
        assert await sequences(handle) == [1, 2, 3, 4]
    assert len(fake.attempts) == 6


@alone
async def test_reconnection_that_fails_says_that_run_continues() -> None:
    def admit(_token: str | None, attempt: int) -> HTTPStatus | None:
        return HTTPStatus.SERVICE_UNAVAILABLE if attempt > 1 else None

    patience = replace(QUICK, first_retry=0.02, longest_retry=0.3, reconnecting=0.6)
    async with stack(plan=PLAN[:1], admit=admit) as fake, Client(fake.url, patience=patience) as client:
        handle = await client.start_backtest(CONFIG)
        fake.peers[0].cut()
        message = r"could not be opened again \(.*HTTP status 503\); run run-1 continues$"
        with pytest.raises(UnreachableError, match=message):
            await handle.result()
        with pytest.raises(UnreachableError, match="could not be opened again"):
            await client.whoami()
    assert 3 < len(fake.attempts) < 40  # a pause that did not grow would allow about 60


@alone
async def test_silent_server_counts_as_lost() -> None:
    patience = replace(QUICK, heartbeat=0.05, answer=0.1)
    async with stack(plan=PLAN[:1]) as fake, Client(fake.url, patience=patience) as client:
        handle = await client.start_backtest(CONFIG)
        await fake.until(lambda: "ping" in fake.types())
        fake.answers = lambda _request: fake.connected > 1
        await fake.until(lambda: "resume" in fake.types())
        await fake.publish(result(3, "run-1"))
        assert await sequences(handle) == [1, 2, 3]
    assert fake.connected == 2


@alone
async def test_idle_connection_is_kept_by_pings() -> None:
    async with stack() as fake, Client(fake.url, patience=replace(QUICK, heartbeat=0.02)):
        await fake.until(lambda: fake.types() == ["ping"] * 5)
    assert fake.connected == 1


# --- tokens and planned changes --------------------------------------------------------------------------------------


@alone
async def test_token_that_expires_during_run_is_replaced() -> None:
    tokens = iter(["first", "second"])

    async def fresh() -> str:
        return next(tokens)

    async with stack(plan=PLAN[:1]) as fake, Client(fake.url, fresh, QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        fake.answers = lambda _request: fake.connected > 1
        asked = asyncio.create_task(client.whoami())
        await fake.until(lambda: "whoami" in fake.types())
        name = fake.received[-1]["correlationId"]
        await fake.peers[0].send(Error(correlation_id=name, code="expired", reason="the token has expired"))
        assert (await asked).user_id == "user-1"
        await fake.until(lambda: "resume" in fake.types())
        await fake.publish(result(3, "run-1"))
        assert await sequences(handle) == [1, 2, 3]
    assert fake.attempts == ["first", "second"]


@alone
async def test_connection_is_replaced_before_token_expires() -> None:
    """The new one is opened, and has everything sent to it, before the old one is closed."""
    most_open = 0

    def connect(fake: FakeStack, _peer: Peer, _number: int) -> None:
        nonlocal most_open
        most_open = max(most_open, fake.open + 1)

    tokens = (token(seconds) for seconds in (0.6, 3_600))
    lost: list[bool] = []
    patience = replace(QUICK, margin=0.3)
    async with (
        stack(plan=PLAN[:1], runs={"other": []}, on_connect=connect) as fake,
        Client(fake.url, lambda: next(tokens), patience, lost.append) as client,
    ):
        handle = await client.start_backtest(CONFIG)
        everything = await client.subscribe("user")
        sequence = 3
        while not (fake.connected == 2 and fake.open == 1):
            await fake.publish(progress(sequence, "run-1"), progress(sequence, "other"))
            sequence += 1
            await asyncio.sleep(0.005)  # about a hundred events, before, while and after the connection is replaced
        await fake.publish(result(sequence, "run-1"))
        assert await sequences(handle) == list(range(1, sequence + 1))
        await client.unsubscribe("user")
        others = [event.sequence async for event in everything if event.run_id == "other"]
        assert others == list(range(3, sequence))
        assert everything.missed == 0
    assert most_open == 2
    assert lost == []
    assert fake.types().count("subscribe") == 2


@alone
async def test_connection_is_replaced_before_server_closes_it() -> None:
    async with stack() as fake, Client(fake.url, "t", replace(QUICK, connection=0.2, margin=0.1)) as client:
        await fake.until(lambda: fake.connected == 3)
        assert (await client.whoami()).user_id == "user-1"


@alone
async def test_working_connection_is_kept_until_replaced() -> None:
    """Not even a refused token ends it before its time."""

    def admit(_token: str | None, attempt: int) -> HTTPStatus | None:
        return HTTPStatus.FORBIDDEN if 2 <= attempt <= 4 else None

    async with stack(admit=admit) as fake, Client(fake.url, "t", replace(QUICK, connection=0.2, margin=0.15)) as client:
        await fake.until(lambda: len(fake.attempts) == 4)
        assert (await client.whoami()).user_id == "user-1"
        assert fake.connected == 1
        await fake.until(lambda: fake.connected == 2)


@alone
async def test_server_that_closes_every_connection_is_given_up() -> None:
    async with stack(plan=PLAN[:1]) as fake, Client(fake.url, patience=replace(QUICK, reconnecting=0.3)) as client:
        handle = await client.start_backtest(CONFIG)
        fake.on_connect = lambda _fake, peer, _number: setattr(peer, "sends", 0)
        fake.peers[0].cut()
        with pytest.raises(UnreachableError, match=r"could not be opened again \(the server closes it at once\)"):
            await handle.result()


@alone
async def test_client_that_is_not_open_says_so() -> None:
    with pytest.raises(UnreachableError, match="the client is not open: use it in `async with`"):
        await Client("ws://127.0.0.1:1").whoami()


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
@pytest.mark.parametrize(("held", "what"), [(None, "requires a token"), ("wrong", "did not accept the token")])
def test_refused_token_says_how_to_get_one(held: str | None, what: str, status: HTTPStatus) -> None:
    @alone
    async def connect() -> None:
        async with stack(admit=lambda _token, _attempt: status) as fake:
            advice = "get one with `tickfold token`"
            with pytest.raises(UnauthorizedError, match=rf"{what} \(HTTP status {status.value}\): {advice}$"):
                async with Client(fake.url, held, QUICK):
                    pass
        assert fake.attempts == [held]

    connect()


@alone
async def test_token_of_another_stack_comes_from_its_issuer() -> None:
    with pytest.raises(UnauthorizedError, match=r"get one of the stack's issuer and set TICKFOLD_TOKEN$"):
        async with Client("wss://stack.example/live", "a\nb", QUICK):
            pass


PASSING = [HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS]


@pytest.mark.parametrize("status", PASSING)
def test_server_that_cannot_let_anyone_in_for_a_while_is_asked_again(status: HTTPStatus) -> None:
    @alone
    async def connect() -> None:
        admit = stack(admit=lambda _token, attempt: status if attempt < 4 else None)
        async with admit as fake, Client(fake.url, "good", QUICK):
            assert fake.attempts == ["good"] * 4

    connect()


@alone
async def test_server_that_lets_nobody_in_is_given_up() -> None:
    async with stack(admit=lambda _token, _attempt: HTTPStatus.INTERNAL_SERVER_ERROR) as fake:
        with pytest.raises(UnreachableError, match=r"refused the connection with HTTP status 500$"):
            async with Client(fake.url, "good", replace(QUICK, opening=0.3)):
                pass
    assert len(fake.attempts) > 1


@alone
async def test_token_refused_during_run_ends_client() -> None:
    def admit(_token: str | None, attempt: int) -> HTTPStatus | None:
        return HTTPStatus.FORBIDDEN if attempt > 1 else None

    async with stack(plan=PLAN[:1], admit=admit) as fake, Client(fake.url, "old", QUICK) as client:
        handle = await client.start_backtest(CONFIG)
        fake.peers[0].cut()
        with pytest.raises(UnauthorizedError, match="did not accept the token"):
            await handle.result()


@pytest.mark.parametrize("held", ["a\r\nHost: b", "a, b", "ä"])
def test_invalid_token_is_not_sent(held: str) -> None:
    @alone
    async def connect() -> None:
        async with stack() as fake:
            with pytest.raises(UnauthorizedError, match="the token has invalid characters"):
                async with Client(fake.url, held, QUICK):
                    pass
        assert fake.attempts == []

    connect()


# --- many at once ----------------------------------------------------------------------------------------------------


@alone
async def test_slow_caller_blocks_nobody_and_misses_nothing() -> None:
    long = [*(progress(sequence, "slow") for sequence in range(1, 3 * WINDOW)), result(3 * WINDOW, "slow")]
    short = [progress(1, "quick"), *(each.model_copy(update={"run_id": "quick"}) for each in PLAN)]
    async with (
        stack(runs={"slow": long, "quick": short}) as fake,
        Client(fake.url, patience=replace(QUICK, heartbeat=0.1, gap=0.01)) as client,
    ):
        slow = await client.attach("slow")
        quick = await client.attach("quick")
        assert await quick.result() == result(5, "quick")
        await fake.until(lambda: fake.types().count("ping") == 2)  # much longer than the client waits for a gap
        assert await sequences(slow) == list(range(1, 3 * WINDOW + 1))
    asked = [each["after"] for each in fake.received if each.get("runId") == "slow"]
    assert asked[:2] == [0, WINDOW]
    assert len(asked) == 3  # not for each event that is taken


@alone
async def test_user_subscription_receives_all_runs_and_is_renewed() -> None:
    async with (
        stack(runs={"a": [progress(1, "a")], "b": [progress(1, "b")], "old": [result(1, "old")]}) as fake,
        Client(fake.url, patience=QUICK) as client,
    ):
        events = await client.subscribe("user")
        await fake.publish(result(2, "a"), progress(2, "b"), result(2, "a"))
        fake.peers[0].cut()
        await fake.until(lambda: fake.types() == ["subscribe"] * 2 and bool(fake.subscribers["user"]))
        await fake.publish(progress(3, "b"))
        got = [await anext(events) for _ in range(3)]
        assert [(event.run_id, event.sequence) for event in got] == [("a", 2), ("b", 2), ("b", 3)]
        assert await client.get_result("old")  # which is no event of now
        await client.unsubscribe("user")
        assert [event async for event in events] == []
    assert fake.types()[2:] == ["get_result", "unsubscribe"]


@alone
async def test_unread_subscription_drops_and_counts_oldest() -> None:
    async with stack(runs={"a": []}) as fake, Client(fake.url, patience=QUICK) as client:
        events = await client.subscribe("run", "a")
        await fake.publish(*(progress(sequence, "a") for sequence in range(1, MOST_KEPT + 11)))
        assert (await client.whoami()).user_id == "user-1"  # which is behind them
        assert (await anext(events)).sequence == 11
        assert events.missed == 10


@alone
async def test_runs_are_listed_by_page() -> None:
    async with stack(runs={"a": PLAN[:1], "b": PLAN, "c": PLAN}) as fake, Client(fake.url, patience=QUICK) as client:
        first = await client.list_runs(limit=2)
        second = await client.list_runs(limit=2, before=first.next)
    assert [run.run_id for run in (*first.runs, *second.runs)] == ["c", "b", "a"]
    assert second.next is None


# --- the end ---------------------------------------------------------------------------------------------------------


@alone
async def test_closed_client_ends_waiters_with_reason() -> None:
    async with stack(plan=PLAN[:1]) as fake:
        async with Client(fake.url, patience=QUICK) as client:
            handle = await client.start_backtest(CONFIG)
            fake.answers = lambda _request: False
            waiting = asyncio.create_task(client.whoami())
            await fake.until(lambda: "whoami" in fake.types())
        with pytest.raises(UnreachableError, match=r"^the client is closed$"):
            await waiting
        assert [(await anext(handle)).sequence, (await anext(handle)).sequence] == [1, 2]
        with pytest.raises(UnreachableError, match=r"^the client is closed; run run-1 continues$"):
            await anext(handle)


@alone
async def test_cancelled_client_leaves_no_task() -> None:
    async def forever(url: str) -> None:
        async with Client(url, patience=QUICK) as client:
            async for _ in await client.start_backtest(CONFIG):
                pass

    async with stack(plan=PLAN[:1]) as fake:
        task = asyncio.create_task(forever(fake.url))
        await fake.until(lambda: bool(fake.runs))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@alone
async def test_server_without_closing_handshake_is_left() -> None:
    async with stack() as fake:
        async with Client(fake.url, patience=replace(QUICK, closing=0.05)):
            fake.peers[0].socket.transport.pause_reading()
            began = time.monotonic()
        assert time.monotonic() - began < 1
        fake.peers[0].socket.transport.resume_reading()


@alone
async def test_unserved_url_is_refused_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/stage"
        with pytest.raises(UnreachableError, match=rf"cannot connect to {url}: Connection refused$"):
            async with Client(url, patience=QUICK):
                pass


@alone
async def test_redirect_is_not_followed() -> None:
    async with stack(admit=lambda _token, _attempt: HTTPStatus.FOUND) as fake:
        with pytest.raises(UnreachableError, match="refused the connection with HTTP status 302"):
            async with Client(fake.url, "secret", QUICK):
                pass
    assert len(fake.attempts) == 1


@pytest.mark.parametrize("url", ["", "localhost", "http://127.0.0.1/stage", "ws://[1/stage"])
def test_invalid_url_is_refused(url: str) -> None:
    @alone
    async def connect() -> None:
        with pytest.raises(UnreachableError, match=r"is not a WebSocket URL; expected wss://HOST/STAGE"):
            async with Client(url, patience=QUICK):
                pass

    connect()


@alone
async def test_server_that_speaks_no_websocket_is_described() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(UnreachableError, match=rf"^cannot connect to {url}: did not receive a valid HTTP response"):
            async with Client(url, patience=QUICK) as client:
                await client.whoami()
