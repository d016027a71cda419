"""A stand-in for Pulumi's AWS provider, for the real Pulumi engine: it manages resources in an emulator.

The engine starts it as a plugin, reads its port from standard output, and speaks gRPC with it. It creates resources by
the same creators as the embedded stack. docs/decisions/provider-stand-in.md has the reasons.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pulumi
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from embedded.cloud import Cloud
from embedded.resources import create
from embedded.resources.change import change, changed_inputs, replaced_by
from embedded.resources.creator import RejectedResourceError, UnsupportedResourceError
from embedded.resources.lookups import look_up
from embedded.resources.removal import delete

Properties = dict[str, Any]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
"""How the protocol marks an object as more than an object, and as an asset."""
_MOST_BYTES = 100_000_000
_WORKERS = 16


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The service that the engine calls. Requests and responses are those of Pulumi's protocol."""

    def __init__(self, cloud: Cloud, version: str) -> None:
        self._cloud = cloud
        self._version = version

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        return provider_pb2.InvokeResponse(**{"return": _to_struct(look_up(request.tok))})

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = _from_struct(request.old_inputs), _from_struct(request.news)
        changed = changed_inputs(old, new)
        replaces = replaced_by(_type_of(request.urn), changed)
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=sorted(changed),
            replaces=sorted(replaces),
            # Most have a name of their own, which two cannot have at once.
            deleteBeforeReplace="name" in new,
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = _from_struct(request.properties)
        if request.preview:  # asked for whatever Configure says
            return provider_pb2.CreateResponse(properties=request.properties)
        with _Told(context):
            given = _with_assets(inputs)
            resource_id, properties = create(self._cloud, _type_of(request.urn), _name_of(request.urn), given)
            return provider_pb2.CreateResponse(id=resource_id, properties=_to_struct(properties | inputs))

    def Update(self, request: Any, context: Any) -> Any:
        old, inputs = _from_struct(request.olds), _from_struct(request.news)
        if request.preview:  # without the old computed values, whatever depends on it would look changed
            return provider_pb2.UpdateResponse(properties=_to_struct(old | inputs))
        with _Told(context):
            properties = change(self._cloud, _type_of(request.urn), request.id, _with_assets(inputs), old)
            return provider_pb2.UpdateResponse(properties=_to_struct(properties | inputs))

    def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:
        with _Told(context):
            delete(self._cloud, _type_of(request.urn), request.id, _from_struct(request.properties))
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()


class _Told:
    """Tells the engine, in one line, why a request has failed."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, UnsupportedResourceError | RejectedResourceError):
            self._context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _type_of(urn: str) -> str:
    """Return the type of a resource: the last of those that the URN has of it and its parents."""
    return urn.split("::")[2].rsplit("$", maxsplit=1)[-1]


def _name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def _from_struct(struct: struct_pb2.Struct) -> Properties:
    return dict(json_format.MessageToDict(struct))


def _to_struct(properties: Properties) -> struct_pb2.Struct:
    return json_format.ParseDict(properties, struct_pb2.Struct())


def _with_assets(inputs: Properties) -> Properties:
    """Return `inputs` with the files that the protocol describes as assets of Pulumi."""
    return {key: pulumi.FileAsset(value["path"]) if _is_asset(value) else value for key, value in inputs.items()}


def _is_asset(value: Any) -> bool:
    return isinstance(value, dict) and value.get(_SIGNATURE) == _ASSET


def serve(cloud: Cloud, version: str) -> None:
    """Serve until the engine ends this process; print the port first, as the protocol wants it."""
    limits = [("grpc.max_receive_message_length", _MOST_BYTES), ("grpc.max_send_message_length", _MOST_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(cloud, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(Cloud(os.environ["AWS_ENDPOINT_URL"], strict=True), sys.argv[1])
