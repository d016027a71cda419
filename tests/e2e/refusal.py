"""What is wrong with a request is answered once, and starts nothing."""

from embedded.stack import EmbeddedStack
from tests.e2e.conversation import Json, conversation


def refusal_of(stack: EmbeddedStack, url: str, request: Json | str) -> str:
    """Send a request that is refused; return the reason, having seen that it is all that came of it."""
    before = _executions(stack)
    with conversation(url) as client:
        client.say(request)
        (answer,) = client.hear_out()
        assert client.heard_nothing_more()
    assert answer["type"] == "error"
    assert "Traceback" not in answer["reason"]
    assert _executions(stack) == before
    return str(answer["reason"])


def _executions(stack: EmbeddedStack) -> int:
    machine = stack.outputs["state_machine_arn"]
    return len(stack.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])
