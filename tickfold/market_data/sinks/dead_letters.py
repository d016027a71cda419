"""Dead letters: the bars that a sink refuses, kept in a queue with the reason."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class DeadLetters:
    """The queue of dead letters."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def put(self, item: Mapping[str, Any], reason: str) -> bool:
        """Keep an item of the hot table as JSON; return whether it is kept."""
        body = json.dumps({"reason": reason, "item": {name: str(value) for name, value in item.items()}})
        try:
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (BotoCoreError, ClientError):
            return False
        return True
