"""The links in e-mail: each is for one user, one address and one purpose, and signed, so that nobody can make another.

The key is the user's own, so that there is none for all, and a new address makes the links of the old one void.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from tickfold.alerts.alert_store import AlertStore, EmailState, UserPreferences

Purpose = Literal["unsubscribe", "confirm"]
_LEADS_TO: dict[Purpose, EmailState] = {"unsubscribe": "unsubscribed", "confirm": "confirmed"}


@dataclass(frozen=True)
class Links:
    """The links to the page at `url`."""

    url: str

    def link(self, owner: str, user: UserPreferences, purpose: Purpose) -> str:
        """Return the link of a user who has an address."""
        name = urlsafe_b64encode(owner.encode()).decode().rstrip("=")
        return f"{self.url}?token={name}.{purpose}.{_signature(user, purpose)}"


@dataclass(frozen=True)
class Followed:
    """A link that was followed: what it is for, and the address."""

    owner: str
    purpose: Purpose
    email: str


def read_token(token: str, preferences: Callable[[str], UserPreferences]) -> Followed | None:
    """Return what a link's token is for; None if it is none, or no longer."""
    name, _, rest = token.partition(".")
    purpose, _, signature = rest.partition(".")
    if purpose not in get_args(Purpose):
        return None
    try:
        owner = urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (Error, ValueError):
        return None
    user, known = preferences(owner), cast(Purpose, purpose)
    email = user.preferences.email
    if email is None or not hmac.compare_digest(signature.encode(), _signature(user, known).encode()):
        return None
    return Followed(owner, known, email)


def follow(token: str, store: AlertStore) -> Followed | None:
    """Do what a link is for; None if it is none, or no longer. Idempotent."""
    followed = read_token(token, store.preferences)
    if followed and store.set_email_state(followed.owner, followed.email, _LEADS_TO[followed.purpose]):
        return followed
    return None


def _signature(user: UserPreferences, purpose: Purpose) -> str:
    text = f"{purpose}|{user.preferences.email}"
    return hmac.new(bytes.fromhex(user.link_key), text.encode(), hashlib.sha256).hexdigest()
