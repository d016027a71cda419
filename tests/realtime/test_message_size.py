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


def message_of(size: int, letter: str = "x") -> Partial:
    """Return a message that has `size` bytes, of which each letter is two where it is `µ`."""
    beside = len(dump(Partial(run_id="", piece=1, pieces=1, equity=[])).encode())
    return Partial(run_id=letter * ((size - beside) // len(letter.encode())), piece=1, pieces=1, equity=[])


def test_encode_takes_what_just_fits() -> None:
    assert len(encode(message_of(MAX_MESSAGE_BYTES)).encode()) == MAX_MESSAGE_BYTES == 32_000


def test_encode_refuses_one_byte_more() -> None:
    with pytest.raises(ValueError, match=r"^a message of 32,001 bytes; at most 32,000 can be sent$"):
        encode(message_of(MAX_MESSAGE_BYTES + 1))


def test_encode_counts_bytes_not_characters() -> None:
    with pytest.raises(ValueError, match="at most 32,000 can be sent"):
        encode(message_of(MAX_MESSAGE_BYTES + 2, "µ"))


@pytest.mark.parametrize(("room", "count"), [(0, 0), (SIZE - 1, 0), (SIZE, 1), (3 * SIZE - 1, 2), (3 * SIZE, 3)])
def test_fitting_returns_as_many_rows_as_there_is_room_for(room: int, count: int) -> None:
    assert fitting([ROW] * 5, reserved=MAX_MESSAGE_BYTES - room) == [ROW] * count


def test_fitting_stops_at_the_first_row_that_does_not_fit() -> None:
    long = ROW.model_copy(update={"parameters": {"x" * 500: 1}})
    assert fitting([ROW, long, ROW], reserved=MAX_MESSAGE_BYTES - 3 * SIZE) == [ROW]


def test_all_rows_that_fit_are_returned() -> None:
    assert len(fitting([ROW] * 5, reserved=1_000)) == 5
