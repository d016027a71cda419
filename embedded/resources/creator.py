"""The creators of resources: one for each Pulumi type, registered by the type's token.

A creator pops from the inputs what it uses. What is left over is an
error unless the creator says why it is ignored, so nothing that the program asks for is dropped in silence.
"""

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
    """The program asks for something that the embedded stack does not know how to create."""


class RejectedResourceError(Exception):
    """The emulated AWS API refused a resource."""


def creates(token: str, ignores: Mapping[str, str] | None = None) -> Callable[[Creator], Creator]:
    """Register the creator of a Pulumi type. It takes the account, the resource's name and its inputs, and returns
    the physical id and the outputs that AWS computes.

    Args:
        token: Pulumi's type token.
        ignores: inputs that make no difference in the emulator, each with the reason.
    """

    def register(creator: Creator) -> Creator:
        _creators[token] = (creator, ignores or {})
        return creator

    return register


def create(cloud: Cloud, token: str, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    """Create one resource; return its id and all its properties, inputs included.

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
    remaining = {key: _whole(value) for key, value in inputs.items() if value is not None and key not in ignored}
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


def _whole(value: Any) -> Any:
    """Return `value` with whole numbers as integers: Pulumi's protocol has only floating-point ones."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def autoname(name: str) -> str:
    """Return a physical name of Pulumi's kind for a resource that was given none."""
    return f"{name}-{secrets.token_hex(4)[:7]}"


def taken(inputs: Inputs) -> Inputs:
    """Return all that is left of the inputs, and leave nothing."""
    rest = dict(inputs)
    inputs.clear()
    return rest


def pascal(value: Any, renamed: Mapping[str, str] | None = None) -> Any:
    """Return `value` with its keys as the AWS API spells them: `keyType` as `KeyType`, or as `renamed` says."""
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
    """Take the tags, as most AWS APIs want them."""
    return [{"Key": key, "Value": value} for key, value in inputs.pop("tags", {}).items()]
