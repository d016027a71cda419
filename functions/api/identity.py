"""Identity: whom a token identifies."""

from functions.api.operation import Area, Call
from tickfold.protocol.connection import Identity

area = Area("identity", "Whom a token identifies.")


@area.operation("GET", "/v1/whoami", answer=Identity)
def whoami(call: Call) -> Identity:
    """Get the user that your token identifies."""
    user = call.user
    return Identity(user_id=user.user_id, portfolios=list(user.portfolios), expires_at=user.expires_at * 1_000)
