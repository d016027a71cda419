"""A record of the stream that always fails does not block the messages behind it, and lands in the dead-letter queue.

The emulator knows the age of records but neither retries by count nor bisecting; tests/components holds those.
"""

import json
import secrets
import time
from collections.abc import Iterator

import pytest

from embedded.stack import EmbeddedStack
from tests.e2e.websocket_client import SMA, connected, start

QUEUE = "tickfold-embedded-realtime-dead-letters"


@pytest.fixture
def impatient(stack: EmbeddedStack) -> Iterator[None]:
    """Give up records after a second instead of an hour."""
    client = stack.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName="tickfold-embedded-deliver:live")["EventSourceMappings"]
    (mapping,) = (each for each in mappings if "/tickfold-embedded-runs/" in each["EventSourceArn"])
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=1)
    yield
    oldest = mapping["MaximumRecordAgeInSeconds"]
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=oldest)


@pytest.mark.usefixtures("impatient")
def test_poison_record_lands_in_the_queue_and_messages_behind_it_arrive(stack: EmbeddedStack, url: str) -> None:
    key = {"run_id": {"S": f"poison-{secrets.token_hex(4)}"}, "entry": {"S": "event#000001"}}
    # A message without topics: deliver fails on it each time.
    message = {"body": {"S": "{}"}, "expires_at": {"N": str(int(time.time()) + 3_600)}}
    stack.client("dynamodb").put_item(TableName=stack.outputs["runs_table"], Item=key | message)
    sqs = stack.client("sqs")
    queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    (found,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    told = json.loads(found["Body"])
    assert told["requestContext"]["condition"] == "MaxRecordAgeExceeded"
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1
    with connected(url) as client:
        client.send(start(**SMA, chunks=1))
        assert client.receive_all()[-1]["type"] == "result"
