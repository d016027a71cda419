"""Watches the user's own strategies while a stack runs, and deploys those that have changed."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from watchfiles import watch

from embedded.emulator import EmulatorError
from embedded.stack import EmbeddedStack
from tickfold.strategies import Registry

_DEBOUNCE_MILLISECONDS = 200
_POLL_SECONDS = 0.2


def deploy_changes(stack: EmbeddedStack, log: Callable[[str], None], stopped: threading.Event | None = None) -> None:
    """Deploy each change of the strategies of a deployed `stack` until `stopped`, and tell so in a line of `log`.

    A change is deployed once all runs that are going on have ended, so that a run has one strategy from its first chunk
    to its last. A file that becomes unusable is told and not deployed: what was deployed stays.

    To be called in the main thread: files are run to be checked, and elsewhere one that does not end goes on for ever.

    Raises:
        EmulatorError: the emulator has exited.
    """
    faults = stack.registry.faults
    stack.strategies.mkdir(exist_ok=True)
    changes = watch(
        stack.strategies,
        stop_event=stopped,
        debounce=_DEBOUNCE_MILLISECONDS,
        rust_timeout=_DEBOUNCE_MILLISECONDS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    looked = False
    for changed in changes:
        stack.check()
        # What has changed before the watch began is not among the changes that it tells.
        missed, looked = not looked and stack.is_outdated(), True
        if not (changed or missed):
            continue
        try:
            faults = _deploy_usable(stack, log, faults)
        except EmulatorError:
            raise
        except Exception as error:  # the stack goes on with what is deployed
            log(f"the changed strategies could not be deployed: {error}")


def _deploy_usable(stack: EmbeddedStack, log: Callable[[str], None], faults: Mapping[str, str]) -> Mapping[str, str]:
    """Deploy the strategies if no more are unusable than those with `faults`; return the faults that are deployed."""
    registry = Registry.discover(stack.strategies)
    new = [fault for name, fault in registry.faults.items() if name not in faults]
    for fault in new:
        log(f"unusable strategy: {fault}; what is deployed stays")
    if new:
        return faults
    while _running(stack):
        time.sleep(_POLL_SECONDS)
    with stack.deploying() as deploying:
        if deploying.result().changed:
            log("deployed your changed strategies: " + (", ".join(registry.own) or "none is left"))
    return registry.faults


def _running(stack: EmbeddedStack) -> list[Any]:
    stack.check()
    machine, step_functions = stack.outputs["state_machine_arn"], stack.client("stepfunctions")
    return list(
        step_functions.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"]
    )
