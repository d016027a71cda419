"""The data lake's bucket."""

import pytest
from botocore.exceptions import ClientError

from tickfold.storage.bucket import Bucket, is_not_found, is_precondition_failed


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


def test_bucket_get_returns_what_was_put_last(bucket: Bucket) -> None:
    bucket.put("data/a", b"one")
    bucket.put("data/a", b"two")
    assert bucket.get("data/a") == b"two"


def test_bucket_put_new_writes_once(bucket: Bucket) -> None:
    assert bucket.put_new("data/a", b"one") is True
    assert bucket.put_new("data/a", b"two") is False
    assert bucket.get("data/a") == b"one"


def test_bucket_replace_writes_only_over_what_was_read(bucket: Bucket) -> None:
    assert bucket.get_tagged("data/a") == (None, None)
    assert bucket.replace("data/a", b"one", None) is True
    assert bucket.replace("data/a", b"two", None) is False
    body, tag = bucket.get_tagged("data/a")
    assert body == b"one"
    assert bucket.replace("data/a", b"two", tag) is True
    assert bucket.replace("data/a", b"three", tag) is False
    assert bucket.get("data/a") == b"two"


def test_bucket_replace_raises_other_errors(bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Bucket(bucket.s3, "elsewhere").replace("data/a", b"one", '"tag"')
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Bucket(bucket.s3, "elsewhere").get_tagged("data/a")


def test_bucket_get_of_nothing_raises_not_found(bucket: Bucket) -> None:
    with pytest.raises(ClientError) as caught:
        bucket.get("data/nothing")
    assert is_not_found(caught.value)


def test_bucket_put_new_raises_other_errors(bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Bucket(bucket.s3, "elsewhere").put_new("data/a", b"one")


def test_bucket_uri_names_bucket_and_key(bucket: Bucket) -> None:
    assert bucket.uri("data/a") == "s3://lake/data/a"


@pytest.mark.parametrize(
    ("code", "not_found", "precondition_failed"),
    [
        ("NoSuchKey", True, False),
        ("NoSuchVersion", True, False),
        ("PreconditionFailed", False, True),
        ("ConditionalRequestConflict", False, True),
        ("AccessDenied", False, False),
    ],
)
def test_error_codes_of_s3(code: str, not_found: bool, precondition_failed: bool) -> None:
    assert is_not_found(client_error(code)) is not_found
    assert is_precondition_failed(client_error(code)) is precondition_failed
