"""The embedded stack as a context manager: it starts an emulator, deploys the program, and ends both."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from embedded import record
from embedded.account import REGION, Credentials
from embedded.cloud import Cloud
from embedded.configuration import ALERT_SENDER
from embedded.deployment import Deployment, DeploymentError, DeploymentProcess
from embedded.emulator import Emulator, EmulatorError
from embedded.fingerprint import fingerprint
from embedded.issuer import AUDIENCE, Issuer
from embedded.kept.directory import KeptDirectory
from embedded.kept.last_deployment import Origin

ROOT = Path(__file__).parent.parent

OUTPUTS = (
    "region",
    "websocket_url",
    "http_url",
    "connections_endpoint",
    "bucket",
    "state_machine_arn",
    "connections_table",
    "subscriptions_table",
    "runs_table",
    "users_table",
    "athena_workgroup",
    "athena_database",
    "bars_table",
    "alerts_table",
    "keys_secret",
    "providers",
)


class EmbeddedStack:
    """Everything that `pulumi up` creates, on this machine, for the duration of a `with` block."""

    def __init__(
        self,
        port: int = 0,
        root: Path = ROOT,
        log: Callable[[str], None] = lambda _line: None,
        kept: KeptDirectory | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Set the emulator's port (0 for a free one), the source tree to deploy, and the `log` for progress lines.

        With `kept`, a locked directory, the stack's data are those that it holds, and outlive the stack. `settings` are
        keys of the program's configuration that differ from what it is otherwise.

        Raises:
            AlreadyRunningError: a stack is running with the same state directory.
            EmulatorError: the port is in use.
        """
        record.refuse_second()
        self._root = root
        self._log = log
        self._kept = kept
        self._chosen = dict(settings or {})
        # The ports are part of what is deployed: with those of the last time, its deployment can be taken up.
        last = kept.last_deployment.origin() if kept else None
        self._emulator = Emulator(port, kept, preferred=last.emulator_port if last else 0)
        self.issuer = Issuer(last.issuer_port if last else 0)
        self._deployment: Deployment | None = None
        self.cloud = Cloud(self._emulator.endpoint_url)

    def __enter__(self) -> Self:
        """Start the emulator, deploy the program, load the sample bars, and write the record for the command line.

        Raises:
            EmulatorError: the emulator did not start, or could not keep data.
            DeploymentError: the program could not be deployed.
            KeptDataError: the kept data cannot be read, or are of another version.
        """
        try:
            self._start()
        except BaseException as error:
            reason = self._emulator.failure  # it ended, and whatever called it then failed
            self._stop()
            if reason and isinstance(error, Exception):
                raise EmulatorError(reason) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        self._holds_data = self._kept is not None and self._kept.check() > 0
        self._log(f"starting the emulator at {self.endpoint_url}")
        self.issuer.start()
        self._made_from = self._fingerprint()
        taken_up = self._taken_up()
        self._deployment = taken_up or self._deployed()
        if missing := [name for name in OUTPUTS if name not in self.outputs]:
            raise DeploymentError(f"the program in {self._root} does not export {', '.join(missing)}")
        self._verify_alert_sender()
        if taken_up is None:
            self._keep_deployment()
        self._log_strategies()
        if self._holds_data:
            self._resume()
        else:
            self._load_sample_bars()
        self._record()

    def _taken_up(self) -> Deployment | None:
        """Start the emulator with the resources of the last time, if the program would create the same."""
        if self._kept is None or not self._holds_data:
            return None
        last = self._kept.last_deployment
        self._emulator.make_directory()
        if last.restore(self._made_from, self._emulator.directory):
            with suppress(EmulatorError):  # it cannot read what was kept, and the program replaces that
                self._launch()
                self._log("nothing has changed since the last deployment: took it up")
                return Deployment.read(self._emulator.directory)
        self._emulator.stop()
        return None

    def _deployed(self) -> Deployment:
        """Start the emulator and run the program."""
        self._emulator.make_directory()
        with self.deploying() as process:
            self._launch()
            self._log("deploying the program")
            deployment = process.result()
        self._log(f"deployed {deployment.resources} resources")
        return deployment

    def _launch(self) -> None:
        self._emulator.launch()
        # What follows the deployment takes a third of a second to import: now, while the emulator starts.
        from embedded import interrupted_runs, sample_bars  # noqa: F401, PLC0415

        self._emulator.wait_until_ready()

    def _keep_deployment(self) -> None:
        """Keep what is deployed for the next start, unless what it was made from has changed meanwhile."""
        if self._kept is None or self.is_outdated() or not self._emulator.save_resources():
            return
        origin = Origin(self._made_from, self._emulator.port, self.issuer.port)
        try:
            self._kept.last_deployment.keep(origin, self._emulator.directory)
        except OSError as error:
            self._log(f"the deployment could not be kept, so the next start takes longer: {error}")

    def is_outdated(self) -> bool:
        """Return whether anything has changed that the first deployment was made from."""
        return self._fingerprint() != self._made_from

    def _fingerprint(self) -> str:
        return fingerprint(self._root, self.endpoint_url, self._settings)

    @property
    def _settings(self) -> dict[str, str]:
        return {"issuer": self.issuer.url, "audience": AUDIENCE, **self._chosen}

    def deploying(self) -> DeploymentProcess:
        """Start to deploy the program; once it is deployed, what has changed since is."""
        return DeploymentProcess(self._root, self.cloud, self._emulator.directory, self._settings)

    def _verify_alert_sender(self) -> None:
        """Verify the address that alerts are sent from, which on AWS its owner does. Idempotent.

        The emulator makes an identity anew where AWS says that it is there.
        """
        ses = self.client("sesv2")
        try:
            ses.get_email_identity(EmailIdentity=ALERT_SENDER)
        except ses.exceptions.NotFoundException:
            ses.create_email_identity(EmailIdentity=ALERT_SENDER)

    def _load_sample_bars(self) -> None:
        from embedded import sample_bars  # noqa: PLC0415 - see `_start`

        loaded = sample_bars.load(self.client("s3"), self.outputs["bucket"])
        self._log("loaded bars: " + ", ".join(f"{series.symbol} {series.bars:,}" for series in loaded))

    def _resume(self) -> None:
        """Take up the data of an earlier start. No bars are loaded: those that were removed stay removed."""
        from embedded import interrupted_runs  # noqa: PLC0415 - see `_start`

        ended = interrupted_runs.end(self.cloud, self.outputs)
        if ended:
            self._log(f"ended runs that the last stop interrupted: {', '.join(ended)}")

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

    def _log_strategies(self) -> None:
        """Log the user's own strategies, and those that cannot be used."""
        from tickfold.strategies import Registry  # noqa: PLC0415 - see `_start`

        self.registry = Registry.discover(self.strategies)
        if self.registry.own:
            self._log("own strategies: " + ", ".join(self.registry.own))
        for fault in self.registry.faults.values():
            self._log(f"unusable strategy: {fault}")

    def _stop(self) -> None:
        try:
            self._emulator.stop()
        finally:
            self.issuer.stop()
        record.read()  # removes the record if it is this stack's, which no longer responds

    @property
    def strategies(self) -> Path:
        """The folder of the user's own strategies."""
        return self._root / "strategies"

    def check(self) -> None:
        """Check that the stack still runs.

        Raises:
            EmulatorError: the emulator has exited.
        """
        self._emulator.check()

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, as of `pulumi stack output`."""
        if self._deployment is None:
            raise RuntimeError("the embedded stack is not deployed: enter it with `with EmbeddedStack() as stack`")
        return self._deployment.outputs

    @property
    def endpoint_url(self) -> str:
        """The endpoint of every AWS service."""
        return self._emulator.endpoint_url

    @property
    def region(self) -> str:
        """The emulated AWS region."""
        return REGION

    @property
    def credentials(self) -> Credentials:
        """An administrator's credentials."""
        return self.cloud.credentials

    def token(self, user: str = "developer", portfolios: Sequence[str] = (), seconds: int = 3_600) -> str:
        """Return a token for `user` that expires in `seconds`."""
        return self.issuer.token(user, portfolios, seconds)

    @property
    def log_file(self) -> Path:
        """The emulator's log."""
        return self._emulator.log_file

    def client(self, service: str) -> Any:
        """Return an administrator's boto3 client of `service`."""
        return self.cloud.client(service)
