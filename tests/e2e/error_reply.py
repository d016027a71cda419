"""Invalid requests get one `error` reply and have no side effects."""

from embedded.stack import EmbeddedStack
from tests.e2e.websocket_client import Json, connected


def error_reason(stack: EmbeddedStack, url: str, request: Json | str) -> str:
    """Send an invalid request; check that it gets one error and starts no execution, and return the reason."""
    before = _executions(stack)
    with connected(url) as client:
        client.send(request)
        (answer,) = client.receive_all()
        assert client.is_idle()
    assert answer["type"] == "error"
    assert "Traceback" not in answer["reason"]
    assert _executions(stack) == before
    return str(answer["reason"])


def _executions(stack: EmbeddedStack) -> int:
    machine = stack.outputs["state_machine_arn"]
    return len(stack.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])
