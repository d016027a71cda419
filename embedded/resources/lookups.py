"""What a program may look up instead of creating it: the account and the region."""

from typing import Any

from embedded.account import ACCOUNT, REGION
from embedded.resources.creator import UnsupportedResourceError

_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "userId": ACCOUNT,
    },
    "aws:index/getRegion:getRegion": {"id": REGION, "region": REGION},
}


def look_up(token: str) -> dict[str, Any]:
    """Return the answer to the provider's function `token`.

    Raises:
        UnsupportedResourceError: it is unknown.
    """
    if token in _ANSWERS:
        return _ANSWERS[token]
    raise UnsupportedResourceError(
        f"the embedded stack does not support the call {token}: add it to embedded/resources/lookups.py"
    )
