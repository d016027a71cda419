"""A run of very many chunks: progress is told now and then, and in the end it is all of them; the result is exact."""

import time
from collections import Counter

import numpy as np

from embedded.stack import EmbeddedStack
from tests.e2e.final_state import final_state
from tests.e2e.recorder import Recorders
from tests.e2e.websocket_client import Json, run, start
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore

MOST_A_SECOND = 3


def _load_synthetic(stack: EmbeddedStack, bars: int) -> None:
    """Load a random walk as the minutes of SYNTHETIC."""
    close = 100 + np.cumsum(np.random.default_rng(5).normal(0, 0.01, bars)).round(4)
    minutes = 1_577_836_800_000_000 + 60_000_000 * np.arange(bars)
    walk = Bars(minutes, close, close + 0.01, close - 0.01, close, np.full(bars, 100.0))
    BarStore(stack.client("s3"), stack.outputs["bucket"]).put("SYNTHETIC", "1m", walk, "a random walk")


def request(chunks: int) -> Json:
    return start("SYNTHETIC", "2020-01-01", "2020-01-31", chunks=chunks)


def test_progress_of_very_many_chunks_is_a_few_messages_a_second(
    stack: EmbeddedStack, recorders: Recorders, url: str, in_full: bool
) -> None:
    chunks = 10_000 if in_full else 200
    _load_synthetic(stack, 10_000)
    one_pass = run(url, request(1))[-1]
    recorder = recorders.open(url)
    began = time.monotonic()
    recorder.send(request(chunks))
    run_id = recorder.wait_for(lambda message: message["type"] == "accepted")["runId"]
    recorder.wait_for(lambda message: message["type"] in ("result", "failed"), 1_800)
    seconds = time.monotonic() - began
    left = final_state(stack, run_id)
    assert [frame.text for frame in recorder.of(run_id)] == left.bodies
    told = [message for message in left.messages if message["type"] == "progress"]
    assert (told[-1]["chunksDone"], told[-1]["chunks"]) == (chunks, chunks)
    in_each_second = Counter(
        int(at) for at, kind in zip(left.appended_at, left.kinds, strict=True) if kind == "progress"
    )
    assert max(in_each_second.values()) <= MOST_A_SECOND
    assert left.run.chunks_done == chunks
    assert left.messages[-1]["metrics"] == one_pass["metrics"]
    print(f"\n{chunks:,} chunks in {seconds:.0f} s, {len(told)} messages of progress")
