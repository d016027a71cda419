"""What fits into one WebSocket frame."""

import json

import pytest

from tickfold.protocol import MAX_MESSAGE_BYTES, Failed, Partial, Ranked, dump
from tickfold.realtime.message_size import encode, fitting

ROW = Ranked(rank=1, parameters={"fast": 10}, metrics={"sharpe": 1.5})
SIZE = len(dump(ROW).encode()) + 1


def test_encode_returns_the_message_as_json() -> None:
    message = Failed(stage="plan", reason="no bars")
    assert encode(message) == dump(message)
    assert json.loads(encode(message))["reason"] == "no bars"


def test_encode_counts_bytes_not_characters() -> None:
    def message(length: int) -> Partial:
        return Partial(run_id="µ" * length, piece=1, pieces=1, equity=[])

    beside = len(dump(message(0)).encode())
    largest = (MAX_MESSAGE_BYTES - beside) // 2
    assert len(encode(message(largest)).encode()) <= MAX_MESSAGE_BYTES
    with pytest.raises(ValueError, match=r"a message of 32,00\d bytes; at most 32,000 can be sent"):
        encode(message(largest + 1))


@pytest.mark.parametrize(("room", "count"), [(0, 0), (SIZE - 1, 0), (SIZE, 1), (3 * SIZE - 1, 2), (3 * SIZE, 3)])
def test_fitting_returns_as_many_rows_as_there_is_room_for(room: int, count: int) -> None:
    assert fitting([ROW] * 5, reserved=MAX_MESSAGE_BYTES - room) == [ROW] * count


def test_fitting_stops_at_the_first_row_that_does_not_fit() -> None:
    long = ROW.model_copy(update={"parameters": {"x" * 500: 1}})
    assert fitting([ROW, long, ROW], reserved=MAX_MESSAGE_BYTES - 3 * SIZE) == [ROW]


def test_all_rows_that_fit_are_returned() -> None:
    assert len(fitting([ROW] * 5, reserved=1_000)) == 5
