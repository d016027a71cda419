"""A stack's configuration: the keys of Pulumi.STACK.yaml, typed and validated before any resource is created."""

import json
import re
from typing import Annotated, Any, Literal

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from tickfold.identity.keys import is_trustworthy

RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""The retention periods, in days, that CloudWatch Logs accepts."""


_STACK_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?")
"""What every resource can have in its name: a bucket no capitals, a function no dot, Glue none of both; a role has 64
characters, of which the longest here leaves 20 to the stack."""


class ConfigurationError(Exception):
    """The stack's configuration is invalid; the message names each key, its value and what is expected."""


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise ValueError("not a retention period of CloudWatch Logs")
    return days


def _issuer(url: str) -> str:
    if not is_trustworthy(url) or {"?", "#"}.intersection(url):
        raise ValueError("not the URL of an issuer")
    return url


def _audience(name: str) -> str:
    if name == "account":
        raise ValueError("in the tokens of every client of a Keycloak realm")
    return name


def _listed(value: Any) -> Any:
    """Return the list that a value of Pulumi's configuration is: JSON if it is structured, else separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [each.strip() for each in value.split(",") if each.strip()]


def _providers(value: Any) -> Any:
    listed = _listed(value)
    return [{"name": each} if isinstance(each, str) else each for each in listed]


def _base_url(url: str) -> str:
    if not is_trustworthy(url):
        raise ValueError("not an https:// URL")
    return url


def _origin(url: str) -> str:
    scheme, _, host = url.partition("://")
    if not is_trustworthy(url) or {"/", "?", "#", "*"}.intersection(host) or scheme != scheme.lower():
        raise ValueError("not an origin")
    return url


class ProviderSettings(BaseModel):
    """A provider of market data; its keys are in Secrets Manager only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["alpaca", "alpha_vantage", "schwab", "yahoo", "files"]
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    feed: Literal["iex", "sip", "delayed_sip"] | None = None
    path: str | None = None


class Configuration(BaseModel):
    """The settings of one stack. Errors show a field's description, which says what is allowed."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    log_retention_days: Annotated[
        int,
        AfterValidator(_retention),
        Field(description="the days that logs are kept, one of " + ", ".join(map(str, RETENTION_DAYS))),
    ]
    throttling_rate: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="messages a second over all connections, and as many HTTP requests, 1 to 10000",
        ),
    ]
    throttling_burst: Annotated[
        int,
        Field(
            ge=1, le=5_000, description="messages at once over all connections, and as many HTTP requests, 1 to 5000"
        ),
    ]
    bytes_scanned_limit: Annotated[
        int, Field(ge=10_000_000, description="bytes that one Athena query may scan, 10000000 or more")
    ]
    own_api_gateway_account: Annotated[
        bool, Field(description="true or false: whether this stack sets the account's log role of API Gateway")
    ]
    protect_data: Annotated[
        bool, Field(description="true or false: whether the bucket and the tables refuse to be destroyed")
    ]
    issuer: Annotated[
        str,
        AfterValidator(_issuer),
        Field(
            description="the https:// URL of the OpenID Connect issuer whose users may connect, exactly as its tokens "
            "have it under iss (docs/how-to/set-up-identity.md)"
        ),
    ]
    audience: Annotated[
        str,
        AfterValidator(_audience),
        Field(
            min_length=1,
            description="what the tokens' aud must say, and that of tokens for other applications does not (account "
            "is in all of Keycloak's), or the client_id of a Cognito access token",
        ),
    ]
    portfolios_claim: Annotated[
        str, Field(min_length=1, description="the claim of the tokens that lists the user's portfolios")
    ] = "portfolios"
    http_origins: Annotated[
        list[Annotated[str, AfterValidator(_origin)]],
        BeforeValidator(_listed),
        Field(
            description="the origins of web pages that may call the HTTP API, such as https://console.example: scheme, "
            "host and port, without a path; none by default"
        ),
    ] = []
    max_concurrency: Annotated[
        int, Field(ge=1, le=10_000, description="chunks of one run that are simulated at once, 1 to 10000")
    ] = 40
    max_active_runs: Annotated[
        int,
        Field(
            ge=1,
            le=1_000,
            description="runs of all users that are carried out at once, 1 to 1000; others wait. Times maxConcurrency "
            "it is the most chunks at once: leave some of the account's concurrency to the other functions",
        ),
    ] = 20
    simulate_concurrency: Annotated[
        int | None,
        Field(
            ge=1,
            le=100_000,
            description="executions reserved for simulating chunks, which never has more, 1 to 100000; unset, none is "
            "reserved. Lambda refuses it unless 100 of the account's concurrency stay unreserved",
        ),
    ] = None
    max_running_runs: Annotated[int, Field(ge=1, le=1_000, description="runs of one user at once, 1 to 1000")] = 20
    max_daily_runs: Annotated[
        int, Field(ge=1, le=1_000_000, description="runs that one user may start in a UTC day, 1 to 1000000")
    ] = 2_000
    max_requests_a_minute: Annotated[
        int, Field(ge=1, le=100_000, description="HTTP requests of one user in a minute, 1 to 100000")
    ] = 600
    simulate_memory: Annotated[
        int, Field(ge=128, le=10_240, description="MB, 128 to 10240; 1769 are one full processor")
    ] = 1_769
    reduce_memory: Annotated[
        int,
        Field(
            ge=128,
            le=10_240,
            description="MB, 128 to 10240; 1769 are one full processor. It limits the bars of a run of "
            "several symbols: of the longest about 6,000 for each MB above 240",
        ),
    ] = 3_008
    providers: Annotated[
        list[ProviderSettings],
        BeforeValidator(_providers),
        Field(
            description="the providers of market data in the order in which they are asked, such as "
            "alpaca,alpha_vantage (also schwab, yahoo), or a list of objects with name, base_url, feed and path",
        ),
    ] = []
    feed_markets: Annotated[
        list[Literal["XNYS", "24/7"]],
        BeforeValidator(_listed),
        Field(
            description="the markets in whose sessions the feed runs, XNYS or 24/7 or both; without providers it is off"
        ),
    ] = ["XNYS"]
    export_to_postgresql: Annotated[
        bool,
        Field(description="true or false: whether bars go to PostgreSQL too (docs/how-to/send-bars-to-postgresql.md)"),
    ] = False
    alert_sender: Annotated[
        str | None,
        Field(
            pattern=r"^[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[^@\s<>,;]+$",
            description="the address that alerts are sent from, which is verified in Amazon SES or whose domain is, "
            "such as alerts@example.com; unset, none are sent by e-mail (docs/how-to/set-alerts.md)",
        ),
    ] = None
    alert_loopback_webhooks: Annotated[
        bool,
        Field(description="true or false: whether webhooks may lead to the machine of the stack, when it is embedded"),
    ] = False
    metrics_namespace: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._/#-]{1,255}$",
            description="the namespace of the feed's metrics in CloudWatch, such as Tickfold/RealTimeStreaming",
        ),
    ] = "Tickfold/RealTimeStreaming"
    alarm_email: Annotated[
        list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]],
        BeforeValidator(_listed),
        Field(description="the addresses that alarms write to, separated by commas; each gets a link to confirm it by"),
    ] = []
    dependencies: Annotated[
        Literal["layers", "runtime"],
        Field(description="layers (built and attached), or runtime (the interpreter has the packages already)"),
    ] = "layers"

    @classmethod
    def load(cls, config: pulumi.Config, stack_name: str) -> "Configuration":
        """Read and validate the configuration of the stack `stack_name`.

        Raises:
            ConfigurationError: a key is missing or unknown, or a value is invalid; or AWS would refuse the names of
                resources, since the stack's is part of them.
        """
        _check_stack_name(stack_name)
        try:
            return cls.model_validate(_values(config))
        except ValidationError as error:
            raise ConfigurationError("\n".join(_explain(config, found) for found in error.errors())) from None


def _check_stack_name(name: str) -> None:
    if not _STACK_NAME.fullmatch(name):
        raise ConfigurationError(
            f"the stack's name is {name!r}; expected 1 to 20 small letters, digits and -, from a letter to a letter or "
            "digit, as it becomes part of the names of AWS resources. Make another: pulumi stack init NAME"
        )


def _keys() -> dict[str, str]:
    """Return every known key with its description."""
    fields = Configuration.model_fields.values()
    return {field.alias: field.description for field in fields if field.alias and field.description}


def _values(config: pulumi.Config) -> dict[str, str]:
    """Return every value of the project, under unknown keys too: pulumi.Config would hide a misspelt key."""
    prefix = config.full_key("")
    stored = {key.removeprefix(prefix) for key in (*get_config_env(), *CONFIG.get()) if key.startswith(prefix)}
    values = {key: config.get(key) for key in stored.union(_keys())}
    return {key: value for key, value in values.items() if value is not None}


def _explain(config: pulumi.Config, found: ErrorDetails) -> str:
    key = str(found["loc"][0])
    name = config.full_key(key)
    is_within = len(found["loc"]) > 1  # a list's element or an object's field
    if found["type"] == "extra_forbidden" and not is_within:
        return f"{name} is not a known key; known keys: {', '.join(sorted(_keys()))}"
    value = config.get(key) if is_within else found["input"]
    wrong = "is missing" if found["type"] == "missing" and not is_within else f"is {value!r}"
    return f"{name} {wrong}; expected {_keys()[key]}. Set it: pulumi config set {name} VALUE"
