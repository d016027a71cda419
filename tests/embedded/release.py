"""Releases: other code or settings behind a function's alias for a while, with the real code still beside it."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from embedded.stack import EmbeddedStack

FUNCTIONS = ("connect", "disconnect", "message", "plan", "simulate", "reduce", "report-failure", "deliver")

TWICE = """
from functions import {module}_itself

def handler(event, context):
    {module}_itself.handler(event, context)
    return {module}_itself.handler(event, context)
"""


@contextmanager
def deployed(
    stack: EmbeddedStack, function: str, source: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Put `source` behind a function's alias, as a bad release would, and add `environment` to its variables.

    `source` finds the real handler in `functions.NAME_itself`.
    """
    client, name = stack.client("lambda"), f"tickfold-embedded-{function}"
    before = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {"Environment": {"Variables": variables | dict(environment or {})}}
    client.update_function_configuration(FunctionName=name, **changed)
    code = client.update_function_code(FunctionName=name, ZipFile=_archive(stack, function, source), Publish=True)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=code["Version"])
    try:
        yield
    finally:
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@contextmanager
def each_invoked_twice(stack: EmbeddedStack) -> Iterator[None]:
    """Have every function handle each of its events twice, one after the other."""
    with ExitStack() as releases:
        for function in FUNCTIONS:
            source = TWICE.format(module=function.replace("-", "_"))
            releases.enter_context(deployed(stack, function, source))
        yield


def _archive(stack: EmbeddedStack, function: str, source: str | None) -> bytes:
    s3, bucket, module = stack.client("s3"), stack.outputs["bucket"], function.replace("-", "_")
    (key,) = (entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="lambda/")["Contents"])
    real_archive: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if source is None:
        return real_archive
    archive = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(real_archive)) as real, zipfile.ZipFile(archive, "w") as altered:
        for name in real.namelist():
            place = f"functions/{module}_itself.py" if name == f"functions/{module}.py" else name
            altered.writestr(place, real.read(name))
        altered.writestr(f"functions/{module}.py", source)
    return archive.getvalue()
