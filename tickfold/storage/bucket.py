"""The data lake's bucket: objects by key, and the error codes of S3 that callers act on.

Imports no AWS library: a run in a notebook has none, and writes no objects.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

# "404" is of HEAD requests, whose responses have no body with a code.
_NOT_FOUND = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_PRECONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def is_not_found(error: "ClientError") -> bool:
    """Return whether S3 has no such object, or no such version of it."""
    return error.response["Error"]["Code"] in _NOT_FOUND


def is_precondition_failed(error: "ClientError") -> bool:
    """Return whether a conditional write was refused, since the object exists or has changed."""
    return error.response["Error"]["Code"] in _PRECONDITION_FAILED


@dataclass(frozen=True)
class Bucket:
    """A bucket by its name."""

    s3: "S3Client"
    name: str

    def uri(self, key: str) -> str:
        """Return the `s3://` URI of `key`."""
        return f"s3://{self.name}/{key}"

    def get(self, key: str) -> bytes:
        """Return the object under `key`.

        Raises:
            ClientError: there is none (`is_not_found`), or S3 refuses.
        """
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def get_tagged(self, key: str) -> "tuple[bytes, str] | tuple[None, None]":
        """Return the object under `key` and its ETag, by which `replace` knows it again; None if there is none."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            found = self.s3.get_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if not is_not_found(error):
                raise
            return None, None
        return found["Body"].read(), found["ETag"]

    def replace(self, key: str, body: bytes, tag: str | None) -> bool:
        """Write an object in place of the one with the ETag `tag`, or as a new one if that is None; return False, and
        write nothing, where there is another by now."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        if tag is None:
            return self.put_new(key, body)
        try:
            self.s3.put_object(Bucket=self.name, Key=key, Body=body, IfMatch=tag)
        except ClientError as error:
            if not is_precondition_failed(error):
                raise
            return False
        return True

    def page_after(self, prefix: str, after: str) -> list[str]:
        """Return up to a thousand keys under `prefix` that follow the key `after`, in order."""
        found = self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix, StartAfter=after)
        return [each["Key"] for each in found.get("Contents", [])]

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in place of any that is there."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def put_new(self, key: str, body: bytes) -> bool:
        """Write an object; return False, and leave it as it is, where one exists."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            self.s3.put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if not is_precondition_failed(error):
                raise
            return False
        return True
