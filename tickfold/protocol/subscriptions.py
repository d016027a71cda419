"""Subscriptions: which messages a connection receives."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tickfold.protocol.wire import ClientRequest, Message

Topic = Literal["run", "user", "portfolio"]


class _TopicRequest(ClientRequest):
    topic: Annotated[Topic, Field(description="The messages of one `run`, of a `user`'s runs, or of a `portfolio`'s.")]
    id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=256,
            description="Id of the run or the portfolio; the topic `user` is always the user's own.",
        ),
    ] = None

    @model_validator(mode="after")
    def _check_id(self) -> Self:
        if self.id is None and self.topic != "user":
            raise ValueError(f"id is missing: which {self.topic}?")
        return self


class Subscribe(_TopicRequest):
    """Receive the messages of a topic on this connection from now on. Reply: `subscribed`."""

    type: Literal["subscribe"] = "subscribe"


class Unsubscribe(_TopicRequest):
    """Stop receiving the messages of a topic on this connection. Reply: `unsubscribed`."""

    type: Literal["unsubscribe"] = "unsubscribe"


class Subscribed(Message):
    """The connection receives the topic's messages from now on."""

    type: Literal["subscribed"] = "subscribed"
    topic: Topic
    id: str


class Unsubscribed(Message):
    """The connection no longer receives the topic's messages."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topic: Topic
    id: str
