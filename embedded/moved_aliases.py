"""Routes of a WebSocket API follow an alias that has moved, as on AWS.

MiniStack keeps their workers by the alias that the route names: a worker of the version before would go on answering.
"""

from typing import Any

from ministack.core import lambda_runtime


def follow_moved_aliases() -> None:
    """Let the emulator keep the workers of routes by version, as it does those of other invocations."""
    get_worker = lambda_runtime.get_or_create_worker

    def get_worker_of_version(name: str, config: dict[str, Any], code: bytes, qualifier: str) -> Any:
        return get_worker(name, config, code, qualifier=config.get("Version", qualifier))

    lambda_runtime.get_or_create_worker = get_worker_of_version
