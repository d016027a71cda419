"""Subscriptions: which messages a connection receives."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from tickfold.protocol.symbol import parse_symbol
from tickfold.protocol.wire import ClientRequest, Message, is_unset

RunTopic = Literal["run", "user", "portfolio"]
Topic = Literal["run", "user", "portfolio", "symbol", "journal", "alerts"]
_OF_RUNS = get_args(RunTopic)
_LAST_SEQUENCE = 999_999_999_999


class _TopicRequest(ClientRequest):
    topic: Annotated[
        Topic,
        Field(
            description="The messages of one `run`, of a `user`'s runs or of a `portfolio`'s; the bars of a `symbol`; "
            "the `journal` of a portfolio; the user's `alerts`."
        ),
    ]
    id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=256,
            description="Id of the run or the portfolio, or the symbol; of a `journal` the portfolio's id or name. "
            "The topics `user` and `alerts` are always the user's own.",
        ),
    ] = None

    @model_validator(mode="after")
    def _check_id(self) -> Self:
        if self.id is None and self.topic not in ("user", "alerts"):
            raise ValueError(f"id is missing: which {self.topic}?")
        if self.topic == "symbol":
            parse_symbol(self.id or "")
        return self


class Subscribe(_TopicRequest):
    """Receive the messages of a topic on this connection from now on. Reply: `subscribed`.

    For a `symbol`, `bars` follow it: those stored after number `after`; without `after`, those of the last session.
    For a `journal`, each `journal_entry` after number `after` follows it; without `after`, or where that is long ago,
    the `portfolio` as it is, and then each entry.
    """

    type: Literal["subscribe"] = "subscribe"
    after: Annotated[
        int | None,
        Field(
            ge=0,
            le=_LAST_SEQUENCE,
            description="For a `symbol` or a `journal`: the number of the last bar or entry that the client has.",
        ),
    ] = None

    @model_validator(mode="after")
    def _check_after(self) -> Self:
        if self.after is not None and self.topic in _OF_RUNS:
            raise ValueError("after: only for the topics symbol and journal; to catch up with a run, send resume")
        if self.after is not None and self.topic == "alerts":
            raise ValueError("after: only for the topics symbol and journal; list_alerts has what was missed")
        return self


class Unsubscribe(_TopicRequest):
    """Stop receiving the messages of a topic on this connection. Reply: `unsubscribed`."""

    type: Literal["unsubscribe"] = "unsubscribe"


class Subscribed(Message):
    """The connection receives the topic's messages from now on."""

    type: Literal["subscribed"] = "subscribed"
    topic: Topic
    id: str
    after: Annotated[
        int | None,
        Field(
            exclude_if=is_unset,
            description="Only for a `symbol` or a `journal`: what follows are the bars or entries after this number. "
            "Greater than that of the request if the bars between are in the data lake alone, or if the `portfolio` "
            "follows in place of the entries.",
        ),
    ] = None
    last_sequence: Annotated[
        int | None,
        Field(
            exclude_if=is_unset, description="Only for a `symbol` or a `journal`: the number of its last bar or entry."
        ),
    ] = None


class Unsubscribed(Message):
    """The connection no longer receives the topic's messages."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topic: Topic
    id: str
