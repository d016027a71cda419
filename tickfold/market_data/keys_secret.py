"""The keys of market data in Secrets Manager: one secret of a stack, a JSON object by provider, or other service.

A change reads the secret, stores a new version beside the current one, and makes it the current one on the condition
that the version that was read still is. Secrets Manager checks that condition when it moves the label AWSCURRENT, so
of two changes at once neither is lost.
"""

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.errors import RunError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Entry = str | dict[str, str]
"""What is stored of a provider: its keys by field. Of PostgreSQL it is the connection string."""

_CURRENT = "AWSCURRENT"
_PENDING: Final = "TICKFOLD_PENDING"
"""The label of a version that is to become the current one. Without a label of its own, a version would at once."""
_MOVED = ("InvalidParameterException", "InvalidRequestException")
"""What moving a label from a version fails with that does not have it any more."""
_ATTEMPTS = 6


class KeysChangedError(RunError):
    """Others change the keys all the time, and this change was not made."""


class _Stored(NamedTuple):
    """The keys, and the version of the secret that holds them; None before there is any."""

    keys: dict[str, Entry]
    version: str | None


class KeysSecret:
    """The keys in the secret `secret_id`."""

    def __init__(self, secrets: "SecretsManagerClient", secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id

    def read(self) -> dict[str, Entry]:
        """Return what is stored, by provider.

        Raises:
            RunError: the secret holds something else.
        """
        return self._stored().keys

    def fields(self) -> dict[str, dict[str, str]]:
        """Return the keys of providers, by provider and field.

        Raises:
            RunError: the secret holds something else.
        """
        return {name: entry for name, entry in self.read().items() if isinstance(entry, dict)}

    def set(self, provider: str, entry: Entry) -> None:
        """Store the keys of a provider, in place of those it has; the others' stay. Idempotent.

        Raises:
            KeysChangedError: others change keys all the time.
            RunError: the secret holds something else than keys.
        """
        self._change(provider, entry)

    def remove(self, provider: str) -> bool:
        """Remove the keys of a provider; return whether it had any. Idempotent.

        Raises:
            KeysChangedError: others change keys all the time.
            RunError: the secret holds something else than keys.
        """
        return self._change(provider, None)

    def _change(self, provider: str, entry: Entry | None) -> bool:
        """Set or remove the keys of a provider; return whether that changes anything."""
        again = Retrying(
            retry=retry_if_exception_type(KeysChangedError),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        return again(self._change_once, provider, entry)

    def _change_once(self, provider: str, entry: Entry | None) -> bool:
        before = self._stored()
        if before.keys.get(provider) == entry:
            return False
        after = {name: kept for name, kept in before.keys.items() if name != provider}
        if entry is not None:
            after[provider] = entry
        self._put(dict(sorted(after.items())), before.version)
        return True

    def _put(self, keys: dict[str, Entry], before: str | None) -> None:
        added = self._secrets.put_secret_value(
            SecretId=self._secret_id, SecretString=json.dumps(keys), VersionStages=[_PENDING]
        )
        if _CURRENT in added["VersionStages"]:
            return  # the first version is the current one whatever its label is
        if before is None:
            raise self._changed()
        try:
            self._secrets.update_secret_version_stage(
                SecretId=self._secret_id,
                VersionStage=_CURRENT,
                RemoveFromVersionId=before,
                MoveToVersionId=added["VersionId"],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MOVED:
                raise
            raise self._changed() from error

    def _stored(self) -> _Stored:
        try:
            found = self._secrets.get_secret_value(SecretId=self._secret_id, VersionStage=_CURRENT)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return _Stored({}, None)
        # The emulator answers without a value where AWS refuses.
        return _Stored(parse_keys(found.get("SecretString") or "{}"), found["VersionId"])

    def _changed(self) -> KeysChangedError:
        return KeysChangedError("the keys of the stack are being changed by others; do it again")


def parse_keys(text: str) -> dict[str, Entry]:
    """Return the keys by provider and field of the secret's JSON.

    Raises:
        RunError: it is none; the message does not hold what it is.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(map(_is_entry, found.values())):
        raise RunError(
            "the secret of market data is not what Tickfold stores; expected a JSON object such as "
            '{"alpaca": {"key_id": "…", "secret_key": "…"}}: correct it in Secrets Manager'
        )
    return found


def _is_entry(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and all(isinstance(each, str) for each in value.values()))
