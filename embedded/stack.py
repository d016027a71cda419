"""The embedded stack as a context: an emulator is started, the program is deployed onto it, and all of it ends."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embedded import market_data, record
from embedded.cloud import REGION, Cloud, Credentials
from embedded.deployment import Deployment, DeploymentError, deploy
from embedded.emulator import Emulator
from embedded.issuer import AUDIENCE, Issuer
from tickfold.strategies import Registry

ROOT = Path(__file__).parent.parent

OUTPUTS = (
    "region",
    "websocket_url",
    "connections_endpoint",
    "bucket",
    "state_machine_arn",
    "connections_table",
    "subscriptions_table",
    "runs_table",
    "users_table",
    "athena_workgroup",
    "athena_database",
)


class AlreadyRunningError(Exception):
    """An embedded stack is running already."""


class EmbeddedStack:
    """Everything that `pulumi up` would create, on this machine, between `with` and the end of its block."""

    def __init__(self, port: int = 0, root: Path = ROOT, log: Callable[[str], None] = lambda _line: None) -> None:
        """Choose the emulator's port (0: a free one), the source tree to deploy, and who is told of the progress.

        Raises:
            AlreadyRunningError: one is running under the same state directory.
            EmulatorError: the port is taken.
        """
        if running := record.read():
            raise AlreadyRunningError(
                f"an embedded stack is running already (process {running.pid}): {running.outputs['websocket_url']}. "
                "Use it, or stop it with Ctrl-C where it runs, or give this one a state of its own: "
                "set TICKFOLD_STATE_DIR to another directory"
            )
        self._root = root
        self._log = log
        self._emulator = Emulator(port)
        self.issuer = Issuer()
        self._deployment: Deployment | None = None
        self.cloud = Cloud(self._emulator.endpoint_url)

    def __enter__(self) -> Self:
        """Start the emulator, deploy the program, load the market data, and record the stack for the command line.

        Raises:
            EmulatorError: the emulator did not start.
            DeploymentError: the program could not be deployed.
        """
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        self._log(f"starting the emulator at {self.endpoint_url}")
        self._emulator.start()
        self.issuer.start()
        self._log("deploying the program")
        settings = {"issuer": self.issuer.url, "audience": AUDIENCE}
        self._deployment = deploy(self._root, self.cloud, self._emulator.directory, settings)
        if missing := [name for name in OUTPUTS if name not in self.outputs]:
            raise DeploymentError(f"the program in {self._root} does not export {', '.join(missing)}")
        self._log(f"deployed {self._deployment.resources} resources")
        self._tell_of_strategies()
        loaded = market_data.load(self.client("s3"), self.outputs["bucket"])
        self._log("loaded bars: " + ", ".join(f"{series.symbol} {series.bars:,}" for series in loaded))
        self._record()

    def _record(self) -> None:
        record.write(
            record.Record(
                pid=os.getpid(),
                endpoint_url=self.endpoint_url,
                region=self.region,
                credentials=self.credentials,
                outputs=self.outputs,
                token_endpoint=self.issuer.token_endpoint,
                client_secret=self.issuer.client_secret,
            )
        )

    def _tell_of_strategies(self) -> None:
        """Name the user's own strategies, and why others cannot be used."""
        registry = Registry.discover(self._root / "strategies")
        if registry.own:
            self._log("own strategies: " + ", ".join(registry.own))
        for fault in registry.faults.values():
            self._log(f"unusable strategy: {fault}")

    def _stop(self) -> None:
        self._emulator.stop()
        self.issuer.stop()
        record.read()  # forgets a stack that no longer answers, and no other

    def wait(self) -> None:
        """Wait as long as the emulator runs.

        Raises:
            EmulatorError: it has ended by itself.
        """
        self._emulator.wait()

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, as `pulumi stack output` would print them."""
        if self._deployment is None:
            raise RuntimeError("the embedded stack is not deployed: enter it with `with EmbeddedStack() as stack`")
        return self._deployment.outputs

    @property
    def endpoint_url(self) -> str:
        """Where every AWS service answers."""
        return self._emulator.endpoint_url

    @property
    def region(self) -> str:
        """The AWS region that it plays."""
        return REGION

    @property
    def credentials(self) -> Credentials:
        """The key of an administrator."""
        return self.cloud.credentials

    def token(self, user: str = "developer", portfolios: Sequence[str] = (), seconds: int = 3_600) -> str:
        """Return a token that lets `user` connect, for `seconds` from now."""
        return self.issuer.token(user, portfolios, seconds)

    @property
    def log_file(self) -> Path:
        """What the emulator prints."""
        return self._emulator.log_file

    def client(self, service: str) -> Any:
        """Return an administrator's boto3 client of `service`."""
        return self.cloud.client(service)
