"""The connection itself: keep it open, ask whose it is, and the error that answers an invalid request."""

from typing import Annotated, Literal

from pydantic import Field

from tickfold.errors import ErrorCode
from tickfold.protocol.wire import ClientRequest, Message, Reason, Wire


class Ping(ClientRequest):
    """Keep the connection open: API Gateway closes a connection that is idle for ten minutes. Reply: `pong`."""

    type: Literal["ping"] = "ping"


class Whoami(ClientRequest):
    """Get the user that the connection's token identifies. Reply: `identity`."""

    type: Literal["whoami"] = "whoami"


class Pong(Message):
    """The reply to `ping`."""

    type: Literal["pong"] = "pong"


class Identity(Wire):
    """The user that a token identifies."""

    user_id: str
    portfolios: list[str]
    expires_at: Annotated[int, Field(description="When the token expires, in milliseconds since 1970 UTC.")]


class IdentityMessage(Identity, Message):
    """The user that the connection's token identifies."""

    type: Literal["identity"] = "identity"
    connection_id: str


class Error(Message):
    """The request was refused and had no effect."""

    type: Literal["error"] = "error"
    code: Annotated[ErrorCode, Field(description="The kind of error, for programs; see above.")] = "invalid"
    reason: Reason
