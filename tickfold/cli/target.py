"""The stack that a command uses: one named by its outputs, or else the running embedded stack."""

import getpass
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.checkout import needs_checkout
from tickfold.cli.config_file import STACK, ConfigError, Setting, read_settings, unknown
from tickfold.cli.exit_codes import NoStackError

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.config import Config
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from embedded.record import Record
    from tickfold.backtests.run_store import RunStore
    from tickfold.portfolios.switches import Switches

OUTPUTS = (
    "region",
    "websocket_url",
    "bucket",
    "runs_table",
    "bars_table",
    "trading_table",
    "athena_workgroup",
    "athena_database",
    "keys_secret",
    "schwab_tokens_secret",
    "providers",
)
"""The stack's outputs that commands use; in the environment each is TICKFOLD_ and its name in capitals."""

OUTPUTS_FILE = "outputs"
"""The key of `[stack]` in `tickfold.toml` that names a file with the stack's outputs, as `--stack-outputs` does."""

TOKEN = "TICKFOLD_TOKEN"  # noqa: S105 - the variable's name
"""The environment variable with a token of the stack's issuer; an argument would show in the list of processes."""

NAME_A_STACK = (
    "name a stack on AWS with --stack-outputs FILE (the output of `pulumi stack output --json`) or "
    "TICKFOLD_WEBSOCKET_URL"
)
"""What to do without the embedded stack."""

StackOutputs = Annotated[
    Path | None,
    typer.Option(
        "--stack-outputs",
        metavar="FILE",
        envvar="TICKFOLD_STACK_OUTPUTS",
        help="The stack on AWS to use: what `pulumi stack output --json` printed. "
        "Left out: TICKFOLD_WEBSOCKET_URL and the like, [stack] of tickfold.toml, or else the embedded stack.",
        rich_help_panel="Stack",
    ),
]


class TargetError(NoStackError):
    """No stack is named or running, or an output that is needed is not known."""


@dataclass(frozen=True)
class Target:
    """A stack's outputs, their origin, and how to reach its services."""

    outputs: Mapping[str, str]
    origin: str
    endpoint_url: str | None = None
    access_key: tuple[str, str] | None = None
    running: "Record | None" = None

    def output(self, name: str) -> str:
        """Return the output `name`.

        Raises:
            TargetError: it is not known.
        """
        value = self.outputs.get(name)
        if not value:
            raise TargetError(f"{self.origin} does not name the stack's {name}, which this command needs")
        return value

    def token(self) -> str:
        """Return the token in the environment, or else a new one of the embedded stack.

        Raises:
            TargetError: there is none.
        """
        return os.environ.get(TOKEN) or self.request_token()

    def request_token(self, user: str | None = None, portfolios: Sequence[str] = (), seconds: int | None = None) -> str:
        """Return a new token of the embedded stack's issuer, for `user` or else the login name.

        Raises:
            TargetError: the stack is not the embedded one, or its issuer refuses.
        """
        if self.running is None:
            raise TargetError(
                f"the stack that {self.origin} names requires a token: get one from its issuer, and set {TOKEN} to "
                "it (docs/how-to/set-up-identity.md)"
            )
        from embedded import token_request  # noqa: PLC0415 - not needed for a stack on AWS

        try:
            return token_request.request_token(
                self.running, user or _login(), portfolios, seconds or token_request.SECONDS
            )
        except token_request.TokenRequestError as error:
            raise TargetError(str(error)) from None

    def s3(self) -> "S3Client":
        """Return a client of the stack's S3."""
        client: S3Client = self._client("s3")
        return client

    def athena(self) -> "AthenaClient":
        """Return a client of the stack's Athena."""
        client: AthenaClient = self._client("athena")
        return client

    def secrets(self) -> "SecretsManagerClient":
        """Return a client of the stack's Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    def runs(self) -> "RunStore":
        """Return the stack's table of runs."""
        from tickfold.backtests.run_store import RunStore  # noqa: PLC0415 - needs boto3, which is slow to load

        return RunStore(self._table("runs_table"))

    def bars(self) -> "Table":
        """Return the stack's hot table."""
        return self._table("bars_table")

    def trading(self) -> "Table":
        """Return the stack's table of portfolios and bots."""
        return self._table("trading_table")

    def switches(self) -> "Switches":
        """Return the stack's switches of trading."""
        from tickfold.portfolios.switches import Switches  # noqa: PLC0415 - as above

        return Switches(self.trading())

    def operator(self) -> str:
        """Return who operates the stack: the ARN of the AWS identity."""
        return str(self._client("sts").get_caller_identity()["Arn"])

    def _table(self, output: str) -> "Table":
        session, config = self._session()
        dynamodb: DynamoDBServiceResource = session.resource("dynamodb", endpoint_url=self.endpoint_url, config=config)
        return dynamodb.Table(self.output(output))

    def _client(self, service: str) -> Any:
        session, config = self._session()
        return session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]

    def _session(self) -> "tuple[Session, Config]":
        import boto3  # noqa: PLC0415 - slow to load, and not every command needs it
        from botocore.config import Config  # noqa: PLC0415

        key, secret = self.access_key or (None, None)
        session = boto3.Session(key, secret, region_name=self.outputs.get("region"))
        config = Config(retries={"mode": "standard"})
        if self.endpoint_url:  # on this machine, which a proxy cannot reach
            config = config.merge(Config(proxies={}))
        return session, config


def find_target(stack_outputs: Path | None) -> Target:
    """Return the stack that the file names, else the environment, else `tickfold.toml`, else the running embedded one.

    Raises:
        TargetError: there is none, or the file does not hold a stack's outputs.
    """
    if stack_outputs is not None:
        return Target(_read_outputs(stack_outputs), str(stack_outputs))
    if named := {name: os.environ[variable] for name in OUTPUTS if os.environ.get(variable := variable_of(name))}:
        return Target(named, f"the environment ({', '.join(variable_of(name) for name in named)})")
    return _configured() or embedded()


def _configured() -> Target | None:
    """Return the stack that `[stack]` of the `tickfold.toml` names: by a file of its outputs, or one by one.

    Raises:
        ConfigError: a key or a value is wrong.
        TargetError: the file does not hold a stack's outputs.
    """
    found = stack_settings()
    if not found:
        return None
    if outputs := found.get(OUTPUTS_FILE):
        return Target(_read_outputs(outputs.file.parent / outputs.value), outputs.origin)
    file = next(iter(found.values())).file
    return Target({name: each.value for name, each in found.items()}, f"[{STACK}] in {file}")


def stack_settings() -> dict[str, Setting]:
    """Return the settings of `[stack]` by the names of outputs; all of them from one file, as stacks are not mixed.

    Raises:
        ConfigError: a key is unknown, or a value is no text.
    """
    found = [each for each in read_settings().values() if each.key.startswith(f"{STACK}.")]
    known = {f"{STACK}.{name.replace('_', '-')}": name for name in (OUTPUTS_FILE, *OUTPUTS)}
    for each in found:
        if each.key not in known:
            raise unknown(each, known)
        if not isinstance(each.value, str):
            raise ConfigError(f"{each.file}: {each.key} is {each.value!r}: expected text")
    return {known[each.key]: each for each in found if each.file == found[0].file}


def variable_of(output: str) -> str:
    """Return the environment variable that stands for an output."""
    return f"TICKFOLD_{output.upper()}"


def _read_outputs(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"the stack's outputs cannot be read from {path}: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TargetError(f"{path} is not the JSON object that `pulumi stack output --json` prints")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def embedded() -> Target:
    """Return the running embedded stack.

    Raises:
        TargetError: it is not running.
        CheckoutError: it is not installed.
    """
    with needs_checkout("the embedded stack", NAME_A_STACK):
        from embedded import record  # noqa: PLC0415 - not needed for a stack on AWS

    running = record.read()
    if running is None:
        start = "start the embedded stack with `tickfold up` in another terminal"
        raise TargetError(f"no stack is running and none is named: {start}, or {NAME_A_STACK}")
    key = running.credentials.access_key_id, running.credentials.secret_access_key
    outputs = {"region": running.region} | running.outputs
    return Target(outputs, "the embedded stack", running.endpoint_url, key, running)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # the process's user has no name
        return "developer"
