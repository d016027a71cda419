"""Runs the Pulumi program without an engine and records every resource it registers, as the engine would receive it.

It shows inputs, options and dependencies. It does not show what the provider or AWS would make of them.
"""

import asyncio
import contextvars
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import MockResourceArgs, Mocks, rpc, set_all_config, set_mocks
from pulumi.runtime.mocks import MockCallArgs, MockMonitor
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import run_pulumi_func

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-north-1"
ACCOUNT = "111122223333"
API_ID, HTTP_API_ID = "a1b2c3d4e5", "f6g7h8j9k0"
STREAM_LABEL = "2026-01-31T12.00.00.000"
"""On AWS it has colons, which the check of policies takes for separators of the ARN."""
PROJECT = "tickfold"
# What no Pulumi.STACK.yaml can know.
CHOSEN = {
    f"{PROJECT}:issuer": "https://tenant.eu.auth0.com/",
    f"{PROJECT}:audience": "https://tickfold.example",
    f"{PROJECT}:providers": "alpaca,schwab",
    f"{PROJECT}:exportToPostgresql": "true",
    f"{PROJECT}:alarmEmail": "ops@tickfold.example",
    f"{PROJECT}:alertSender": "alerts@tickfold.example",
}


@dataclass(frozen=True)
class Resource:
    """What the program asked for when it registered a resource."""

    token: str
    name: str
    inputs: dict[str, Any]
    urn: str
    parent: str
    protect: bool
    retain_on_delete: bool
    depends_on: frozenset[str]

    @property
    def is_component(self) -> bool:
        return self.token.startswith("tickfold:")


@dataclass
class Stack:
    """Everything that one run of the program registered, its outputs, and those of its components by URN."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, token: str) -> list[Resource]:
        """Return the resources of the type `token`."""
        return [resource for resource in self.resources if resource.token == token]

    def one(self, token: str, name: str = "") -> Resource:
        """Return the one resource of the type `token` whose logical name ends in `name`."""
        found = [resource for resource in self.of(token) if resource.name.endswith(name)]
        assert len(found) == 1, f"{token} *{name}: {[resource.name for resource in self.of(token)]}"
        return found[0]

    def by_urn(self, urn: str) -> Resource:
        """Return the resource with the URN `urn`."""
        return next(resource for resource in self.resources if resource.urn == urn)

    def waits_for(self, resource: Resource) -> set[str]:
        """Return the URNs of everything that must exist before `resource`, at any distance."""
        waited: set[str] = set()
        reached = set(resource.depends_on)
        while reached:
            waited |= reached
            reached = {further for urn in reached for further in self.by_urn(urn).depends_on} - waited
        return waited


def configuration_of(stack_name: str, **changes: str | None) -> dict[str, str]:
    """Return the configuration in Pulumi.STACK.yaml as the engine hands it over, with `changes`; None removes a key.

    The issuer and the audience, which each user sets for himself, are set.
    """
    stored = yaml.safe_load((ROOT / f"Pulumi.{stack_name}.yaml").read_text())["config"] | CHOSEN
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in stored.items()}
    for key, value in changes.items():
        values.pop(f"{PROJECT}:{key}", None)
        if value is not None:
            values[f"{PROJECT}:{key}"] = value
    return values


def run_program(configuration: Mapping[str, str], *, stack_name: str = "test", root: Path = ROOT) -> Stack:
    """Run `root`'s `__main__.py`."""
    return capture(lambda: runpy.run_path(str(root / "__main__.py")), configuration, stack_name)


@cache
def captured(stack_name: str) -> Stack:
    """Return the stack as Pulumi.STACK.yaml has it, but for the layers, which take a while to build."""
    return run_program(configuration_of(stack_name, dependencies="runtime"), stack_name=stack_name)


def capture(program: Callable[[], object], configuration: Mapping[str, str], stack_name: str = "test") -> Stack:
    """Run `program` as a Pulumi program and return what it registered."""
    stack = Stack()

    async def run() -> None:
        # A run that fails raises its first error; the loop need not log what it breaks in turn.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        monitor = _Monitor(_Aws(), stack)
        set_mocks(monitor.mocks, project=PROJECT, stack=stack_name, monitor=monitor)
        set_all_config(dict(configuration))
        await run_pulumi_func(lambda: _run_and_collect(program, stack))

    # Pulumi keeps its settings in context variables: in a context of its own a run cannot disturb another.
    try:
        contextvars.Context().run(asyncio.run, run())
    finally:
        # These it does not keep there: a run that failed leaves outputs behind for which the next would wait.
        SETTINGS.outputs.clear()
    # Resources are registered from several threads: their order says nothing and differs from run to run.
    stack.resources.sort(key=lambda resource: resource.urn)
    return stack


async def _run_and_collect(program: Callable[[], object], stack: Stack) -> None:
    program()
    root = get_root_resource()
    outputs = getattr(root, "outputs", {})
    stack.outputs.update(await pulumi.Output.all(**outputs).future() or {})


class _Monitor(MockMonitor):
    """Also records what the mocks are not told: parents, dependencies, protection."""

    def __init__(self, mocks: Mocks, stack: Stack) -> None:
        super().__init__(mocks)
        self._stack = stack

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 # the name of the engine's call
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call] # Pulumi's own
        if request.type != "pulumi:pulumi:Stack":
            self._stack.resources.append(
                Resource(
                    token=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    urn=response.urn,
                    parent=request.parent,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    depends_on=frozenset(request.dependencies),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 # the name of the engine's call
        self._stack.component_outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call] # Pulumi's own


class _Aws(Mocks):
    """Answers as AWS would."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program looks something up: {args.token}")

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        physical = args.inputs.get("name") or f"{args.name}-1a2b3c4"
        compute = _COMPUTED.get(args.typ)
        outputs = {**args.inputs, **(compute(physical, args.inputs) if compute else {})}
        return outputs.get("id", physical), outputs


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _function(name: str, _inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"arn": _arn("lambda", f"function:{name}"), "version": "7"}


def _alias(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    arn = _arn("lambda", f"function:{inputs['functionName']}:{name}")
    invoke = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {"arn": arn, "invokeArn": invoke}


def _api(_name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    scheme, api_id = {"WEBSOCKET": ("wss", API_ID), "HTTP": ("https", HTTP_API_ID)}[inputs["protocolType"]]
    endpoint = f"{scheme}://{api_id}.execute-api.{REGION}.amazonaws.com"
    return {"id": api_id, "apiEndpoint": endpoint, "executionArn": _arn("execute-api", api_id)}


# What AWS would answer, for every output that the program reads.
_COMPUTED: Mapping[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/integration:Integration": lambda name, _: {"id": f"integration-{name}"},
    "aws:cloudwatch/eventRule:EventRule": lambda name, _: {"arn": _arn("events", f"rule/{name}")},
    "aws:cloudwatch/logGroup:LogGroup": lambda name, _: {"arn": _arn("logs", f"log-group:{name}")},
    "aws:dynamodb/table:Table": lambda name, _: {
        "arn": _arn("dynamodb", f"table/{name}"),
        "streamArn": _arn("dynamodb", f"table/{name}/stream/{STREAM_LABEL}"),
    },
    "aws:iam/role:Role": lambda name, _: {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "name": name},
    "aws:lambda/alias:Alias": _alias,
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionUrl:FunctionUrl": lambda _, i: {
        "functionUrl": f"https://{i['functionName']}.lambda-url.{REGION}.on.aws/"
    },
    "aws:lambda/layerVersion:LayerVersion": lambda _, i: {"arn": _arn("lambda", f"layer:{i['layerName']}:3")},
    "aws:s3/bucket:Bucket": lambda name, _: {"arn": f"arn:aws:s3:::{name}", "bucket": name},
    "aws:sns/topic:Topic": lambda name, _: {"arn": _arn("sns", name)},
    "aws:sqs/queue:Queue": lambda name, _: {
        "id": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
        "arn": _arn("sqs", name),
    },
    "aws:secretsmanager/secret:Secret": lambda name, _: {"arn": _arn("secretsmanager", f"secret:{name}-1a2b3c")},
    "aws:sfn/stateMachine:StateMachine": lambda name, _: {"arn": _arn("states", f"stateMachine:{name}")},
}
