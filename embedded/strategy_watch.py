"""Watches the folder of the user's own strategies, and deploys what has changed to the running stack."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from watchfiles import watch

from embedded.deployment import DeploymentProcess
from embedded.stack import EmbeddedStack
from tickfold.strategies import Registry

_DEBOUNCE_MILLISECONDS = 200
_POLL_SECONDS = 0.2


class StrategyWatch:
    """A thread that watches a stack's strategies, for the duration of a `with` block.

    A change is deployed once all runs that are going on have ended, so that a run has one strategy from its first chunk
    to its last. A file that becomes unusable is told and not deployed: what was deployed stays.
    """

    def __init__(self, stack: EmbeddedStack, log: Callable[[str], None]) -> None:
        """Set the deployed `stack`, and the `log` for what was deployed or could not be."""
        self._stack = stack
        self._log = log
        self._faults = dict(Registry.discover(stack.strategies).faults)
        self._stopped = threading.Event()
        self._deploying: DeploymentProcess | None = None
        self._thread = threading.Thread(target=self._watch, name="strategy watch", daemon=True)

    def __enter__(self) -> Self:
        if self._stack.strategies.is_dir():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._deploying is not None:
            self._deploying.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        changes = watch(
            self._stack.strategies,
            stop_event=self._stopped,
            debounce=_DEBOUNCE_MILLISECONDS,
            rust_timeout=_DEBOUNCE_MILLISECONDS,
            ignore_permission_denied=True,
        )
        for _changes in changes:
            try:
                self._deploy_usable(Registry.discover(self._stack.strategies))
            except Exception as error:  # the stack goes on with what is deployed
                if not self._stopped.is_set():
                    self._log(f"the changed strategies could not be deployed: {error}")

    def _deploy_usable(self, registry: Registry) -> None:
        new = [fault for name, fault in registry.faults.items() if name not in self._faults]
        for fault in new:
            self._log(f"unusable strategy: {fault}; what is deployed stays")
        if new or not self._wait_for_runs():
            return
        with self._stack.deploying() as self._deploying:
            changed = self._deploying.result().changed
        self._faults = dict(registry.faults)
        if changed:
            self._log("deployed your changed strategies: " + (", ".join(registry.own) or "none is left"))

    def _wait_for_runs(self) -> bool:
        """Wait until no run is going on; return whether so, and not stopped."""
        while self._running():
            if self._stopped.wait(_POLL_SECONDS):
                return False
        return not self._stopped.is_set()

    def _running(self) -> list[Any]:
        machine, step_functions = self._stack.outputs["state_machine_arn"], self._stack.client("stepfunctions")
        found = step_functions.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)
        return list(found["executions"])
