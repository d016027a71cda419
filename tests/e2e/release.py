"""Temporary releases: other code or environment behind a function's alias, beside the real code."""

import io
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.stack import EmbeddedStack

SECONDS = 30
FUNCTIONS = ("connect", "disconnect", "message", "plan", "simulate", "reduce", "report-failure", "reconcile", "deliver")

GATE = """
import pathlib, pkgutil, time
from functions.{folder} import {module}_itself

directory = pathlib.Path({directory!r})

def after_waiting(work):
    def wait_and_work(*arguments, **more):
        (directory / "reached").touch()
        while not (directory / "open").exists():
            time.sleep(0.01)
        return work(*arguments, **more)
    return wait_and_work

owner, name = pkgutil.resolve_name({owner!r}), {name!r}
setattr(owner, name, after_waiting(getattr(owner, name)))

def handler(event, context):
    output = {module}_itself.handler(event, context)
    (directory / "passed").touch()
    return output
"""
TWICE = """
from functions.{folder} import {module}_itself

def handler(event, context):
    {module}_itself.handler(event, context)
    return {module}_itself.handler(event, context)
"""


@contextmanager
def deployed(
    stack: EmbeddedStack, function: str, source: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Deploy `source` behind a function's alias, and add `environment` to its variables.

    The real handler stays importable as `functions.FOLDER.NAME_itself`.
    """
    client, name = stack.client("lambda"), f"tickfold-embedded-{function}"
    before = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {"Environment": {"Variables": variables | dict(environment or {})}}
    client.update_function_configuration(FunctionName=name, **changed)
    code = client.update_function_code(FunctionName=name, ZipFile=_archive(stack, function, source), Publish=True)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=code["Version"])
    try:
        with _routed(stack, f"function:{name}", ":live/", f":{code['Version']}/"):
            yield
    finally:
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@dataclass(frozen=True)
class Gate:
    """A barrier at which a function's workers wait until it is opened."""

    directory: Path

    def wait(self, sign: str = "reached") -> None:
        """Wait until a worker has `reached` the gate, or has `passed` it and finished."""
        deadline = time.monotonic() + SECONDS
        while not (self.directory / sign).exists():
            assert time.monotonic() < deadline, f"no worker has {sign} the gate in {SECONDS} s"
            time.sleep(0.01)

    @property
    def is_reached(self) -> bool:
        """Whether a worker has reached it."""
        return (self.directory / "reached").exists()

    def open(self) -> None:
        """Let all workers pass from now on."""
        (self.directory / "open").touch()


@contextmanager
def gate(stack: EmbeddedStack, function: str, directory: Path, *, before: str = "") -> Iterator[Gate]:
    """Block a function's workers at their start, or `before` they call the function of that dotted name.

    The gate is opened at the end of the `with` block.
    """
    folder, module = _place(stack, function)
    owner, _, name = (before or f"functions.{folder}.{module}_itself.handler").rpartition(".")
    source = GATE.format(folder=folder, module=module, directory=str(directory), owner=owner, name=name)
    with deployed(stack, function, source):
        shut = Gate(directory)
        try:
            yield shut
        finally:
            shut.open()


@contextmanager
def each_invoked_twice(stack: EmbeddedStack) -> Iterator[None]:
    """Make every function handle each of its events twice in sequence."""
    with ExitStack() as releases:
        for function in FUNCTIONS:
            folder, module = _place(stack, function)
            source = TWICE.format(folder=folder, module=module)
            releases.enter_context(deployed(stack, function, source))
        yield


@contextmanager
def _routed(stack: EmbeddedStack, function: str, old: str, new: str) -> Iterator[None]:
    """Make the APIs call another version of a function: the emulator keeps an alias's first worker."""
    client = stack.client("apigatewayv2")
    uris = {
        (api["ApiId"], each["IntegrationId"]): each["IntegrationUri"]
        for api in client.get_apis()["Items"]
        for each in client.get_integrations(ApiId=api["ApiId"])["Items"]
        if f"{function}{old}" in each["IntegrationUri"]
    }
    for (api, integration), uri in uris.items():
        client.update_integration(ApiId=api, IntegrationId=integration, IntegrationUri=uri.replace(old, new))
    try:
        yield
    finally:
        for (api, integration), uri in uris.items():
            client.update_integration(ApiId=api, IntegrationId=integration, IntegrationUri=uri)


def _place(stack: EmbeddedStack, function: str) -> tuple[str, str]:
    """Return the folder and the module in `functions` of a function's handler."""
    handler = stack.client("lambda").get_function_configuration(FunctionName=f"tickfold-embedded-{function}")["Handler"]
    _, folder, module, _ = handler.split(".")
    return folder, module


def _archive(stack: EmbeddedStack, function: str, source: str | None) -> bytes:
    s3, bucket = stack.client("s3"), stack.outputs["bucket"]
    path = "/".join(("functions", *_place(stack, function)))
    (key,) = (entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="lambda/")["Contents"])
    real_archive: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if source is None:
        return real_archive
    archive = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(real_archive)) as real, zipfile.ZipFile(archive, "w") as altered:
        for name in real.namelist():
            place = f"{path}_itself.py" if name == f"{path}.py" else name
            altered.writestr(place, real.read(name))
        altered.writestr(f"{path}.py", source)
    return archive.getvalue()
