"""Objects and items of an emulator that is killed are those of the next one."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import Cloud
from embedded.emulator import Emulator, EmulatorError
from embedded.kept.directory import DataInUseError, KeptDirectory

KEY = {"run_id": {"S": "r1"}, "entry": {"S": "run"}}


@contextmanager
def emulator(kept: KeptDirectory) -> Iterator[tuple[Emulator, Cloud]]:
    """Run an emulator with a versioned bucket and the tables of runs and connections."""
    running = Emulator(kept=kept)
    try:
        running.start()
        cloud = Cloud(running.endpoint_url)
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
        for table in ("stack-runs", "stack-connections"):
            _create_table(cloud, table)
        yield running, cloud
    finally:
        running.stop()


def _create_table(cloud: Cloud, name: str) -> None:
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("run_id", "entry", "status")],
        KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptDirectory]:
    with KeptDirectory(tmp_path / "data") as locked:
        yield locked


def kill(running: Emulator) -> None:
    assert running._process is not None
    os.killpg(running._process.pid, signal.SIGKILL)
    running._process.wait()


def write(cloud: Cloud) -> str:
    """Write, overwrite and delete objects and items; return the version id of `kept`."""
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    for key, body in (("kept", b"old"), ("gone", b"x"), ("many", b"x"), ("kept", b"\x00new")):
        stored = s3.put_object(Bucket="lake", Key=key, Body=body, Metadata={"source": "test"}, ContentType="a/b")
    s3.delete_object(Bucket="lake", Key="gone")
    s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "many"}]})
    upload = s3.create_multipart_upload(Bucket="lake", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="lake", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(
        Bucket="lake", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )
    for table in ("stack-runs", "stack-connections"):
        dynamodb.put_item(TableName=table, Item=KEY | {"status": {"S": "running"}, "n": {"N": "1"}})
    gone = {"run_id": {"S": "r1"}, "entry": {"S": "gone"}}
    dynamodb.put_item(TableName="stack-runs", Item=gone)
    change: dict[str, Any] = {
        "UpdateExpression": "SET #s = :s ADD n :n",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "succeeded"}, ":n": {"N": "1"}},
    }
    dynamodb.transact_write_items(
        TransactItems=[
            {"Update": {"TableName": "stack-runs", "Key": KEY, **change}},
            {"Delete": {"TableName": "stack-runs", "Key": gone}},
        ]
    )
    return str(stored["VersionId"])


def test_killed_emulator_keeps_what_it_has_answered(kept: KeptDirectory) -> None:
    with emulator(kept) as (first, cloud):
        version = write(cloud)
        kill(first)
    with emulator(kept) as (_, cloud):
        s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
        assert [found["Key"] for found in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["kept", "parts"]
        for which in ({}, {"VersionId": version}):
            found = s3.get_object(Bucket="lake", Key="kept", **which)
            assert (found["Body"].read(), found["ContentType"], found["Metadata"], found["VersionId"]) == (
                b"\x00new",
                "a/b",
                {"source": "test"},
                version,
            )
        item = KEY | {"status": {"S": "succeeded"}, "n": {"N": "2"}}
        assert dynamodb.scan(TableName="stack-runs")["Items"] == [item]
        by_status = {
            "IndexName": "by_status",
            "KeyConditionExpression": "#s = :s",
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": {":s": {"S": "succeeded"}},
        }
        assert dynamodb.query(TableName="stack-runs", **by_status)["Items"] == [item]
        assert dynamodb.scan(TableName="stack-connections")["Items"] == []


def test_killed_emulator_keeps_the_values_of_secrets(kept: KeptDirectory) -> None:
    with emulator(kept) as (first, cloud):
        secrets = cloud.client("secretsmanager")
        for name in ("keys", "never set"):
            secrets.create_secret(Name=name)
        secrets.put_secret_value(SecretId="keys", SecretString="old")
        kept_version = secrets.put_secret_value(SecretId="keys", SecretString="new")["VersionId"]
        kill(first)
    assert kept.file.stat().st_mode & 0o077 == 0
    with emulator(kept) as (second, cloud):
        secrets = cloud.client("secretsmanager")
        for name in ("keys", "never set"):
            secrets.create_secret(Name=name)
        found = secrets.get_secret_value(SecretId="keys")
        assert (found["SecretString"], found["VersionId"]) == ("new", kept_version)
        assert secrets.get_secret_value(SecretId="keys", VersionStage="AWSPREVIOUS")["SecretString"] == "old"
        assert "SecretString" not in secrets.get_secret_value(SecretId="never set")
        secrets.update_secret(SecretId="keys", SecretString="newest")
        kill(second)
    with emulator(kept) as (_, cloud):
        secrets = cloud.client("secretsmanager")
        secrets.create_secret(Name="keys")
        assert secrets.get_secret_value(SecretId="keys")["SecretString"] == "newest"


def test_emulator_holds_the_lock_until_it_ends(kept: KeptDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.kept.directory.WAIT_SECONDS", 0.1)
    with emulator(kept):
        kept.unlock()  # as if `up` were killed
        (kept.path / "lock").write_text("")
        with pytest.raises(DataInUseError):
            KeptDirectory(kept.path).lock()
    KeptDirectory(kept.path).lock()


def check_until_it_ends(running: Emulator) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        running.check()
        time.sleep(0.05)


def test_emulator_that_cannot_keep_a_write_ends_and_says_why(kept: KeptDirectory) -> None:
    with emulator(kept) as (running, cloud):
        cloud.client("s3").put_object(Bucket="lake", Key="before", Body=b"1")
        with sqlite3.connect(kept.file) as connection:
            connection.execute("DROP TABLE kept")
        connection.close()
        with pytest.raises((BotoCoreError, ClientError)):
            cloud.client("s3").put_object(Bucket="lake", Key="after", Body=b"2")
        with pytest.raises(EmulatorError, match=r"stack\.sqlite cannot be used \(no such table: kept\)"):
            check_until_it_ends(running)
