"""The version of a strategy's code, by which a bot notices that its strategy is not the one that was tested."""

import hashlib

from tickfold.strategies.files import file_of
from tickfold.strategies.strategy import Strategy

_DIGITS = 12


def code_version(strategy: type[Strategy]) -> str:
    """Return the first digits of the SHA-256 of the file that defines `strategy`."""
    return hashlib.sha256(file_of(strategy).read_bytes()).hexdigest()[:_DIGITS]
