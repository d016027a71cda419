"""The emulated AWS account: its number, its region and its credentials. Importing it takes no time, unlike clients."""

from dataclasses import dataclass

REGION = "us-east-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Credentials:
    """An AWS access key; the session token is set for a role's temporary key only."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


ADMIN = Credentials("test", "test")
"""The key that the emulator takes for the account's root user."""
