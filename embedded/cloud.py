"""The emulated AWS account as boto3 clients."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from embedded.account import ADMIN, REGION, Credentials
from embedded.api_model import check_parameters


@dataclass
class Cloud:
    """The account at `endpoint_url`, accessed with `credentials`.

    A `strict` one refuses parameters that AWS would, by the services' own models.
    """

    endpoint_url: str
    credentials: Credentials = ADMIN
    strict: bool = False
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, service: str) -> Any:
        """Return the boto3 client of `service`, which is thread-safe."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = client = self._connect(service)
                if self.strict:
                    client.meta.events.register("before-parameter-build", check_parameters)
            return self._clients[service]

    def table(self, name: str) -> Any:
        """Return boto3's resource of a DynamoDB table."""
        return self._connect("dynamodb", boto3.resource).Table(name)

    def _connect(self, service: str, connect: Callable[..., Any] = boto3.client) -> Any:
        return connect(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            config=Config(retries={"mode": "standard"}, max_pool_connections=32),
        )
