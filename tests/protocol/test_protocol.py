"""Requests, the errors of invalid ones, and messages."""

import json
from datetime import date
from typing import Any

import pytest

from tickfold.backtests.planning import account_of, orders_of
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.decisions.entries import SAME_CLOSE, LimitEntry
from tickfold.engine.decisions.exits import MaxBars, StopLoss, TakeProfit, TrailingStop
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.performance.metrics import Metrics
from tickfold.errors import RunError
from tickfold.protocol import (
    HEADLINE_METRICS,
    MAX_MESSAGE_BYTES,
    MOST_SYMBOLS,
    Accepted,
    BacktestConfig,
    CommissionTerms,
    Failed,
    Partial,
    Ping,
    Progress,
    RequestError,
    Result,
    Resume,
    StartBacktest,
    StartSweep,
    SweepConfig,
    SymbolResult,
    dump,
    parse_message,
    parse_request,
)

ORIGINAL = (
    '{"type":"start_backtest","mode":"cloud","config":{"stock":"TQQQ","startDate":"2024-01-01",'
    '"endDate":"2024-01-02","startCapital":1000}}'
)


def start(**config: Any) -> str:
    message = json.loads(ORIGINAL)
    message["config"] |= config
    return json.dumps(message)


def sweep(**parameters: Any) -> str:
    message = json.loads(start(parameters=parameters)) | {"type": "start_sweep"}
    return json.dumps(message)


def test_original_message_is_accepted_verbatim() -> None:
    request, ignored = parse_request(ORIGINAL)
    assert ignored == []
    assert isinstance(request, StartBacktest)
    config = request.config
    assert (config.stock, config.start_date, config.end_date) == ("TQQQ", date(2024, 1, 1), date(2024, 1, 2))
    assert config.start_capital == 1000
    assert config.strategy == "buy_and_hold"
    assert (config.commission, config.spread, config.slippage) == (CommissionTerms(), 0, 0)
    assert (config.fractional_shares, config.timeframe) == (False, None)
    assert orders_of(config) == Orders()
    assert account_of(config) == Account(1000)


def test_config_reads_every_option() -> None:
    request, ignored = parse_request(
        start(
            strategy="sma_cross",
            parameters={"fast": 5, "slow": 9},
            commission=0.001,
            spread=0.002,
            fractionalShares=True,
            timeframe="1m",
            direction="long",
            closeAtEnd=False,
            chunks=8,
            fill="close",
            limit=0.01,
            limitBars=3,
            stopLoss="5%",
            takeProfit=0.1,
            trailingStop="250bp",
            maxBars=20,
            sizing={"kind": "volatility", "value": 0.2, "bars": 60},
            slippage="5 bps",
        )
    )
    assert ignored == []
    assert isinstance(request, StartBacktest)
    config = request.config
    assert config.parameters == {"fast": 5, "slow": 9}
    assert (config.commission.relative, config.spread, config.fractional_shares) == (0.001, 0.002, True)
    assert (config.timeframe, config.direction, config.close_at_end, config.chunks) == ("1m", "long", False, 8)
    assert orders_of(config) == Orders(
        "long", SAME_CLOSE, LimitEntry(0.01, 3), (StopLoss(0.05), TrailingStop(0.025), TakeProfit(0.1), MaxBars(20))
    )
    assert account_of(config) == Account(
        1000,
        Commission(0.001),
        0.002,
        0.0005,
        Sizing("volatility", 0.2, 60),
        fractional_shares=True,
        close_at_end=False,
    )


def test_commission_may_have_four_parts() -> None:
    request, _ = parse_request(start(commission={"relative": "10bp", "perShare": 0.005, "fixed": 1, "minimum": 2}))
    assert isinstance(request, StartBacktest)
    assert account_of(request.config).commission == Commission(0.001, 0.005, 1, 2)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("hello", "not JSON"),
        ("", "not JSON"),
        ("[1, 2]", "not an object"),
        ("null", "not an object"),
        ("{}", "the message has no type; known types: start_backtest, start_sweep, cancel, resume, list_runs"),
        ('{"type": "buy"}', "unknown type; known types: start_backtest"),
        ('{"type": "start_backtest"}', "config is missing"),
        ('{"type": "start_backtest", "config": 3}', "config 3: input should be an object"),
        (start(startCapital=0), "config.startCapital 0: input should be greater than 0"),
        (start(startCapital=-1), "config.startCapital -1"),
        (ORIGINAL.replace("1000", "NaN"), "config.startCapital"),
        (ORIGINAL.replace("1000", "1e999"), "config.startCapital"),
        (start(startDate="yesterday"), "config.startDate 'yesterday': must be a day such as 2024-01-31"),
        (start(startDate=0), "config.startDate 0: must be a day such as 2024-01-31"),
        (start(endDate="2023-12-31"), "endDate 2023-12-31 is before startDate 2024-01-01"),
        (start(stock="../../etc"), "config.stock '../../etc': a symbol has 1 to 20 letters"),
        (start(commission=1), "config.commission.relative 1: input should be less than 1"),
        (start(stock=3), "config.stock 3: input should be a valid string"),
        (start(stock=[]), "stock is an empty list; name at least one symbol"),
        (start(stock=["A", "../etc"]), "config.stock.1 '../etc': a symbol has 1 to 20 letters"),
        (start(stock=["A", "B", "a "]), "stock names A more than once"),
        (start(stock=[f"S{n}" for n in range(101)]), "stock names 101 symbols; a run may have 100"),
        (start(stock={"symbol": "A", "share": 1}), "stock is an object; put it into a list"),
        (start(stock=["A", {"symbol": "B", "share": 0.5}]), "stock has symbols with and without a share"),
        (start(stock=[{"symbol": "A", "share": 0.5}, "B"]), "stock has symbols with and without a share"),
        (start(stock=[{"symbol": "A"}]), "config.stock.0.share is missing"),
        (start(stock=[{"symbol": "A", "share": 0}]), "config.stock.0.share 0: input should be greater than 0"),
        (start(stock=[{"symbol": "A", "share": 1e308}]), "config.stock.0.share 1e+308: input should be less than"),
        (start(stock=[{"symbol": name, "share": 0.501} for name in "AB"]), "the shares of stock add up to 1.002"),
        (start(spread=-0.1), "config.spread -0.1"),
        (start(spread="wide"), "config.spread 'wide': input should be a valid number"),
        (start(stopLoss=0), "config.stopLoss 0: input should be greater than 0"),
        (start(trailingStop="100%"), "config.trailingStop 1.0: input should be less than 1"),
        (start(fill="middle"), "config.fill 'middle': input should be 'open' or 'close'"),
        (start(limitBars=3), "limitBars needs limit: it sets when that order expires"),
        (start(maxBars=0), "config.maxBars 0: input should be greater than or equal to 1"),
        (start(sizing={"value": 1.5}), "a fraction of the cash is at most 1, not 1.5"),
        (start(sizing={"kind": "shares", "value": 1.5}), "1.5 is not a whole number of shares; set fractionalShares"),
        (start(sizing={"kind": "lots", "value": 1}), "input should be 'fraction', 'cash', 'shares' or 'volatility'"),
        (
            start(timeframe="often"),
            "config.timeframe 'often': must be a number and s, m, h, d, w or mo",
        ),
        (start(direction="up"), "config.direction 'up': input should be 'both', 'long' or 'short'"),
        (start(chunks=0), "config.chunks 0"),
        (start(parameters={"fast": True}), "a parameter is a number"),
        (start(parameters={"fast": "ten"}), "config.parameters.fast"),
        (start(chunks=10**400), "config.chunks 1000000"),
        (start(parameters={"fast": 10**400}), "input should be less than or equal to 1000000000000000"),
        (start(parameters=dict.fromkeys(map(str, range(51)), 1)), "at most 50 items"),
        (sweep(fast={"from": 0, "to": 10**400, "step": 1}), "config.parameters.fast.to"),
        (sweep(fast={"from": 10**400, "to": 0, "step": 1}), "config.parameters.fast.from"),
        (sweep(fast={"from": 0, "to": 1, "step": 5e-324}), "has more than 1,000,000,000,000,000 numbers"),
        (start(startCapital=1e308), "config.startCapital 1e+308"),
        (start(endDate="10000-01-01"), "config.endDate '10000-01-01': must be a day"),
        (ORIGINAL[:-1] + ',"key":"a b"}', "key 'a b' does not match"),
        (json.dumps({"type": "subscribe", "topic": "run"}), "id is missing: which run?"),
        (json.dumps({"type": "subscribe", "topic": "bars", "id": "x"}), "topic 'bars'"),
        (json.dumps({"type": "subscribe", "topic": "symbol", "id": "a b"}), "a symbol has 1 to 20 letters"),
        (
            json.dumps({"type": "subscribe", "topic": "run", "id": "r", "after": 3}),
            "only for the topics",
        ),
        (json.dumps({"type": "add_feed_symbols", "symbols": []}), "symbols"),
        (json.dumps({"type": "list_runs", "limit": 51}), "limit 51"),
        ("\ud800", "not valid Unicode"),
        ("[" * 10_000, "not JSON"),
        (json.dumps({"type": "resume"}), "runId is missing"),
        ("x" * 200_000, "200,000 bytes; at most 32,000"),
    ],
)
def test_invalid_request_names_what_is_wrong(body: str, expected: str) -> None:
    with pytest.raises(RunError) as caught:
        parse_request(body)
    assert expected in str(caught.value)
    assert "pydantic" not in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_symbols_are_case_insensitive() -> None:
    request, _ = parse_request(start(stock=" goog "))
    assert isinstance(request, StartBacktest)
    assert request.config.stock == "GOOG"


def allocations(stock: object) -> list[tuple[str, float]]:
    request, _ = parse_request(start(stock=stock))
    assert isinstance(request, StartBacktest)
    assert parse_request(dump(request)) == (request, [])
    return [(each.symbol, each.share) for each in request.config.allocations]


def test_list_of_symbols_shares_the_capital() -> None:
    assert allocations("goog") == [("GOOG", 1)]
    assert allocations(["aapl", "ibm", "goog", "msft"]) == [
        ("AAPL", 0.25),
        ("IBM", 0.25),
        ("GOOG", 0.25),
        ("MSFT", 0.25),
    ]
    assert allocations([{"symbol": "aapl", "share": 0.2}, {"symbol": "IBM", "share": 0.5}]) == [
        ("AAPL", 0.2),
        ("IBM", 0.5),
    ]
    rounded = [{"symbol": symbol, "share": 0.3333333334} for symbol in ("A", "B", "C")]
    assert [share for _, share in allocations(rounded)] == [0.3333333334] * 3


def test_resume_and_ping_are_requests() -> None:
    assert parse_request('{"type":"resume","runId":"r-1","after":4}') == (Resume(run_id="r-1", after=4), [])
    assert parse_request('{"type":"ping"}') == (Ping(), [])


@pytest.mark.parametrize(("topic", "needs_id"), [("user", False), ("run", True), ("portfolio", True), ("symbol", True)])
@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
def test_every_topic_but_the_users_needs_an_id(kind: str, topic: str, needs_id: bool) -> None:
    body = {"type": kind, "topic": topic}
    assert parse_request(json.dumps(body | {"id": "x"}))[1] == []
    if needs_id:
        with pytest.raises(RequestError, match=rf"id is missing: which {topic}\?"):
            parse_request(json.dumps(body))
    else:
        assert parse_request(json.dumps(body))[1] == []


def test_unknown_fields_are_ignored_and_named() -> None:
    message = json.loads(start(leverage=2, commission={"perFill": 1})) | {"urgent": True}
    request, ignored = parse_request(json.dumps(message))
    assert isinstance(request, StartBacktest)
    assert ignored == ["urgent", "config.leverage", "config.commission.perFill"]


@pytest.mark.parametrize(
    ("body", "code", "correlation_id"),
    [
        ('{"type": "buy", "correlationId": "c-1"}', "unknown_type", "c-1"),
        ('{"correlationId": "c-1"}', "unknown_type", "c-1"),
        ('{"type": "resume", "correlationId": "c-1"}', "invalid", "c-1"),
        ('{"type": "ping", "correlationId": ""}', "invalid", None),
        ('{"type": "ping", "correlationId": 7}', "invalid", None),
        ("[]", "invalid", None),
        ("hello", "invalid", None),
    ],
)
def test_error_has_a_code_and_the_correlation_id(body: str, code: str, correlation_id: str | None) -> None:
    with pytest.raises(RequestError) as caught:
        parse_request(body)
    assert (caught.value.code, caught.value.correlation_id) == (code, correlation_id)


def test_accepted_config_with_rank_by_is_a_sweep() -> None:
    for body, kind in ((ORIGINAL, BacktestConfig), (sweep(fast=5), SweepConfig)):
        request, _ = parse_request(body)
        assert isinstance(request, StartBacktest | StartSweep)
        sent = Accepted(run_id="r", sequence=1, execution_arn="arn", config=request.config)
        received = parse_message(dump(sent))
        assert received == sent
        assert isinstance(received, Accepted)
        assert type(received.config) is kind


def test_ignored_fields_of_longest_request_fit_into_reply() -> None:
    unknown = {f"{number:x}": 0 for number in range(2_700)}
    request, ignored = parse_request(start(**unknown, **{"\u0001" * 200: 0}))
    assert isinstance(request, StartBacktest)
    assert len(ignored) == 2_701
    answer = dump(Accepted(execution_arn="a" * 256, config=request.config, ignored=ignored[::-1]))
    assert len(answer.encode()) < 5_000


def test_messages_round_trip_with_version_run_and_sequence() -> None:
    sent = Progress(run_id="r-1", sequence=3, chunks_done=2, chunks=8)
    wire = json.loads(dump(sent))
    assert wire == {"version": 1, "runId": "r-1", "sequence": 3, "type": "progress", "chunksDone": 2, "chunks": 8}
    assert parse_message(dump(sent)) == sent


def test_partial_of_full_size_fits_a_frame() -> None:
    from tickfold.backtests.live_curve import POINTS_A_PIECE  # noqa: PLC0415

    longest = (253_402_300_799_999, -1.2345678901234567e-300)
    piece = Partial(
        run_id="r" * 80,
        sequence=10**9,
        piece=9,
        pieces=9,
        equity=[longest] * POINTS_A_PIECE,
        buy_and_hold=[longest[1]] * POINTS_A_PIECE,
    )
    assert len(dump(piece).encode()) < MAX_MESSAGE_BYTES


def test_result_of_most_symbols_fits_a_frame() -> None:
    longest = -1.2345678901234567e-05
    metrics: dict[str, int | float | None] = {**dict.fromkeys(HEADLINE_METRICS, longest), "trades": 10**7}
    own = SymbolResult(symbol="S" * 20, share=-longest, bars=10**8, metrics=metrics)
    uri = f"s3://{'b' * 63}/data/equity_by_symbol/run_id={'r' * 80}/equity_by_symbol.parquet"
    result = Result(
        run_id="r" * 80,
        sequence=10**9,
        symbol=",".join(["S" * 20] * MOST_SYMBOLS),
        timeframe="100m",
        start=date(2000, 1, 1),
        end=date(2000, 1, 1),
        bars=10**11,
        strategy="s" * 40,
        parameters={f"a_long_parameter_{number}": longest for number in range(8)},
        chunks=10**4,
        replayed_bars=10**11,
        metrics=dict.fromkeys(Metrics.__dataclass_fields__, longest),
        execution_arn="a" * 256,
        trades_uri=uri,
        equity_uri=uri,
        duration_seconds=longest,
        symbols=[own] * MOST_SYMBOLS,
        runs_by_symbol_uri=uri,
        equity_by_symbol_uri=uri,
    )
    assert len(dump(result).encode()) < MAX_MESSAGE_BYTES


def test_failed_names_its_stage() -> None:
    wire = json.loads(dump(Failed(run_id="r", sequence=2, stage="plan", reason="no bars")))
    assert (wire["type"], wire["stage"], wire["reason"]) == ("failed", "plan", "no bars")
