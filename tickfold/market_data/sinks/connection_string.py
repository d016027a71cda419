"""The connection string of PostgreSQL, which is a secret: read from Secrets Manager, and never shown."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickfold.market_data.sinks.errors import SinkMisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY = "postgres"
"""The key of the secret's JSON object."""


class SecretConnectionString:
    """The connection string in a secret. It is read anew for each connection, so that a new password is found."""

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        """Read from the secret `secret_id`, a JSON object, with `client`."""
        self._client = client
        self._secret_id = secret_id

    def __call__(self) -> str | None:
        """Return the connection string; None if the secret has none, which means that there is no PostgreSQL.

        Raises:
            SinkMisconfiguredError: the secret is not a JSON object, or its value is not text.
        """
        try:
            found = json.loads(self._read()).get(KEY)
        except (ValueError, AttributeError):
            raise SinkMisconfiguredError(f"the secret of market data is not a JSON object with a key {KEY!r}") from None
        if found is not None and not isinstance(found, str):
            raise SinkMisconfiguredError(f"the key {KEY!r} of the secret of market data is not text")
        return found or None

    def _read(self) -> str:
        """Return the secret's JSON; that of an empty object if it was never set."""
        try:
            # The emulator answers without a value where AWS refuses.
            return self._client.get_secret_value(SecretId=self._secret_id).get("SecretString") or "{}"
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return "{}"
