"""The creators of resources: one for each Pulumi type, registered by the type's token.

A creator pops the inputs that it uses. Unused inputs are an error unless the creator gives a reason to ignore them, so
that nothing is dropped silently.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import Cloud

Inputs = dict[str, Any]
Outputs = dict[str, Any]
Creator = Callable[[Cloud, str, Inputs], tuple[str, Outputs]]

_creators: dict[str, tuple[Creator, Mapping[str, str]]] = {}


class UnsupportedResourceError(Exception):
    """The embedded stack cannot create a resource: its type or one of its inputs is unknown."""


class RejectedResourceError(Exception):
    """The emulated AWS API refused a resource."""


def creates(token: str, ignores: Mapping[str, str] | None = None) -> Callable[[Creator], Creator]:
    """Register the creator of the Pulumi type `token`.

    A creator takes the cloud, the resource's logical name and its inputs, and returns the physical id and the outputs
    that AWS computes. `ignores` lists inputs that make no difference in the emulator, each with the reason.
    """

    def register(creator: Creator) -> Creator:
        _creators[token] = (creator, ignores or {})
        return creator

    return register


def create(cloud: Cloud, token: str, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    """Create one resource; return its id and its properties, which include the inputs.

    Raises:
        UnsupportedResourceError: the type, or one of the inputs, is unknown.
        RejectedResourceError: the emulated AWS API refused the request.
    """
    if token not in _creators:
        raise UnsupportedResourceError(
            f"{name} is of the type {token}, which the embedded stack cannot create: "
            "add its creator to the service's module in embedded/resources"
        )
    creator, ignored = _creators[token]
    remaining = {key: whole(value) for key, value in inputs.items() if value is not None and key not in ignored}
    try:
        resource_id, outputs = creator(cloud, name, remaining)
    except (BotoCoreError, ClientError) as error:
        raise RejectedResourceError(f"{name} ({token}) was refused: {error}") from error
    if remaining:
        raise UnsupportedResourceError(
            f"{name} ({token}) has inputs that its creator in embedded/resources does not use: "
            f"{', '.join(sorted(remaining))}; use them there, or say under `ignores` why they do not matter"
        )
    return resource_id, inputs | outputs


def whole(value: Any) -> Any:
    """Return `value` with whole numbers as integers: all numbers of Pulumi's protocol are floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return value


def autoname(name: str) -> str:
    """Return a physical name as Pulumi generates it for a resource without one."""
    return f"{name}-{secrets.token_hex(4)[:7]}"


def stable_name(name: str) -> str:
    """Return a physical name of the same form, and the same at each start: of what is kept from one to the next."""
    return f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:7]}"


def pop_all(inputs: Inputs) -> Inputs:
    """Remove all remaining inputs and return them."""
    rest = dict(inputs)
    inputs.clear()
    return rest


def pascal(value: Any, renamed: Mapping[str, str] | None = None) -> Any:
    """Return `value` with its keys in the AWS API's spelling: `keyType` as `KeyType`, or as in `renamed`."""
    if isinstance(value, Mapping):
        return {
            (renamed or {}).get(key, key[0].upper() + key[1:]): pascal(item, renamed)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [pascal(item, renamed) for item in value]
    return value


def pop_tags(inputs: Inputs) -> list[dict[str, str]]:
    """Remove the tags and return them in the form of most AWS APIs."""
    return [{"Key": key, "Value": value} for key, value in inputs.pop("tags", {}).items()]
