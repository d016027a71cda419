"""The settings of each function, read from its environment variables.

A component that grants a right also sets the variable that goes with it, so a variable that is missing at run time
means that the right is missing too. A function reads only what it was granted.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Final, Self

BUCKET: Final = "TICKFOLD_BUCKET"
CONNECTIONS_TABLE: Final = "TICKFOLD_CONNECTIONS_TABLE"
SUBSCRIPTIONS_TABLE: Final = "TICKFOLD_SUBSCRIPTIONS_TABLE"
RUNS_TABLE: Final = "TICKFOLD_RUNS_TABLE"
USERS_TABLE: Final = "TICKFOLD_USERS_TABLE"
BARS_TABLE: Final = "TICKFOLD_BARS_TABLE"
TRADING_TABLE: Final = "TICKFOLD_TRADING_TABLE"
ALERTS_TABLE: Final = "TICKFOLD_ALERTS_TABLE"
ALERT_SENDER: Final = "TICKFOLD_ALERT_SENDER"
ALERT_LINKS_URL: Final = "TICKFOLD_ALERT_LINKS_URL"
LOOPBACK_WEBHOOKS: Final = "TICKFOLD_LOOPBACK_WEBHOOKS"
RUNNING_LIMIT: Final = "TICKFOLD_RUNNING_LIMIT"
DAILY_LIMIT: Final = "TICKFOLD_DAILY_LIMIT"
CONNECTIONS_ENDPOINT: Final = "TICKFOLD_CONNECTIONS_ENDPOINT"
ACTIVE_LIMIT: Final = "TICKFOLD_ACTIVE_LIMIT"
REDUCE_MEMORY: Final = "TICKFOLD_REDUCE_MEMORY"
REQUEST_LIMIT: Final = "TICKFOLD_REQUEST_LIMIT"
STATE_MACHINE_ARN: Final = "TICKFOLD_STATE_MACHINE_ARN"
WORKERS: Final = "TICKFOLD_WORKERS"
ISSUER: Final = "TICKFOLD_ISSUER"
AUDIENCE: Final = "TICKFOLD_AUDIENCE"
PORTFOLIOS_CLAIM: Final = "TICKFOLD_PORTFOLIOS_CLAIM"
PROVIDERS: Final = "TICKFOLD_PROVIDERS"
SCHWAB_TOKENS_SECRET: Final = "TICKFOLD_SCHWAB_TOKENS_SECRET"  # noqa: S105 - a variable
KEYS_SECRET: Final = "TICKFOLD_KEYS_SECRET"  # noqa: S105 - a variable
METRICS_NAMESPACE: Final = "TICKFOLD_METRICS_NAMESPACE"
EVENT_SOURCE: Final = "TICKFOLD_EVENT_SOURCE"
DEAD_LETTERS_QUEUE: Final = "TICKFOLD_DEAD_LETTERS_QUEUE"


class SettingsError(RuntimeError):
    """A function was deployed without a variable that it needs, or with a wrong value of one."""


def _variable(name: str) -> Any:
    return field(metadata={"variable": name})


def _optional_variable(name: str) -> Any:
    """Return a field of a right that only some stacks grant: "" where it is not."""
    return field(default="", metadata={"variable": name})


@dataclass(frozen=True)
class Settings:
    """The base class: each field names its environment variable, and is a str or an int."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings in `environment`.

        Raises:
            SettingsError: a variable is unset or empty, or not a whole number where one is expected.
        """
        return cls(**{each.name: _value(each, environment) for each in fields(cls)})

    @classmethod
    def variables(cls) -> frozenset[str]:
        """Return the names of the variables that are read."""
        return frozenset(each.metadata["variable"] for each in fields(cls))


def _value(of: Field[Any], environment: Mapping[str, str]) -> str | int:
    name = of.metadata["variable"]
    text = environment.get(name, "")
    if not text and of.default == "":
        return ""
    if not text:
        raise SettingsError(f"{name} is not set: grant this function what it names, which also sets it")
    if of.type is not int:
        return text
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; expected a whole number") from None


@dataclass(frozen=True)
class AuthorizeSettings(Settings):
    """The issuer whose tokens are accepted, and what they must say."""

    issuer: str = _variable(ISSUER)
    audience: str = _variable(AUDIENCE)
    portfolios_claim: str = _variable(PORTFOLIOS_CLAIM)


@dataclass(frozen=True)
class ConnectionsSettings(Settings):
    """The tables of connections: of `connect` and `disconnect`, and part of others."""

    connections_table: str = _variable(CONNECTIONS_TABLE)
    subscriptions_table: str = _variable(SUBSCRIPTIONS_TABLE)


@dataclass(frozen=True)
class DeliverSettings(ConnectionsSettings):
    """The tables of connections, and where to post to them."""

    connections_endpoint: str = _variable(CONNECTIONS_ENDPOINT)


@dataclass(frozen=True, kw_only=True)
class DeliverStreamsSettings(DeliverSettings):
    """Also the table of alerts, which says whose journals to announce, and the source of the stack's events."""

    alerts_table: str = _variable(ALERTS_TABLE)
    event_source: str = _variable(EVENT_SOURCE)


@dataclass(frozen=True)
class RunsSettings(Settings):
    """The table of runs."""

    runs_table: str = _variable(RUNS_TABLE)


@dataclass(frozen=True)
class ReportFailureSettings(RunsSettings):
    """The table of runs, and that of users, whose running runs are counted."""

    users_table: str = _variable(USERS_TABLE)


@dataclass(frozen=True)
class ReconcileSettings(ReportFailureSettings):
    """The tables of runs and users, and the workflow."""

    state_machine_arn: str = _variable(STATE_MACHINE_ARN)


@dataclass(frozen=True)
class SimulateSettings(RunsSettings):
    """The table of runs, and the data lake."""

    bucket: str = _variable(BUCKET)


@dataclass(frozen=True)
class PlanSettings(SimulateSettings, ReportFailureSettings):
    """Also the table of users, how many workers of a run and how many runs can run at once, and the reducer's MB."""

    workers: int = _variable(WORKERS)
    active_limit: int = _variable(ACTIVE_LIMIT)
    reduce_memory: int = _variable(REDUCE_MEMORY)


@dataclass(frozen=True)
class ReduceSettings(SimulateSettings, ReportFailureSettings):
    """The tables of runs and users, and the data lake."""


@dataclass(frozen=True)
class AlertsSettings(Settings):
    """The table of alerts."""

    alerts_table: str = _variable(ALERTS_TABLE)


@dataclass(frozen=True, kw_only=True)
class SendAlertsSettings(AlertsSettings):
    """The table of alerts, the page of their links, and of a stack that sends e-mail the sender.

    Webhooks lead to this machine only where `loopback_webhooks` is set: where the stack is embedded.
    """

    alert_links_url: str = _variable(ALERT_LINKS_URL)
    alert_sender: str = _optional_variable(ALERT_SENDER)
    loopback_webhooks: str = _optional_variable(LOOPBACK_WEBHOOKS)


@dataclass(frozen=True, kw_only=True)
class RequestsSettings(ReduceSettings, SendAlertsSettings):
    """The tables of runs, bars, portfolios and alerts, the data lake, the workflow, the limits of a user, the reducer's
    MB, the providers in order, and what alerts are tested with: what users' requests need through either door."""

    bars_table: str = _variable(BARS_TABLE)
    trading_table: str = _variable(TRADING_TABLE)
    providers: str = _variable(PROVIDERS)
    state_machine_arn: str = _variable(STATE_MACHINE_ARN)
    running_limit: int = _variable(RUNNING_LIMIT)
    daily_limit: int = _variable(DAILY_LIMIT)
    reduce_memory: int = _variable(REDUCE_MEMORY)


@dataclass(frozen=True, kw_only=True)
class MessageSettings(RequestsSettings, DeliverSettings):
    """Also the tables of connections, and where to post to them."""


@dataclass(frozen=True, kw_only=True)
class HttpSettings(RequestsSettings):
    """Also what makes a token a user's login, and the requests that a user may make in a minute."""

    audience: str = _variable(AUDIENCE)
    portfolios_claim: str = _variable(PORTFOLIOS_CLAIM)
    request_limit: int = _variable(REQUEST_LIMIT)


@dataclass(frozen=True)
class BarsSettings(Settings):
    """The hot table."""

    bars_table: str = _variable(BARS_TABLE)


@dataclass(frozen=True)
class CheckFeedSettings(BarsSettings):
    """The hot table, the namespace of the metrics, and of a stack that uses Schwab the tokens of its login."""

    metrics_namespace: str = _variable(METRICS_NAMESPACE)
    schwab_tokens_secret: str = _optional_variable(SCHWAB_TOKENS_SECRET)


@dataclass(frozen=True)
class CatchUpSettings(BarsSettings):
    """The hot table, and the secret with PostgreSQL's connection string."""

    keys_secret: str = _variable(KEYS_SECRET)


@dataclass(frozen=True, kw_only=True)
class ProvidersSettings(Settings):
    """The providers in their order, as JSON, and the secret that has their keys.

    Of a stack that uses Schwab also the secret that has the tokens of its login, and the table with the lease on them.
    """

    providers: str = _variable(PROVIDERS)
    keys_secret: str = _variable(KEYS_SECRET)
    schwab_tokens_secret: str = _optional_variable(SCHWAB_TOKENS_SECRET)
    lease_table: str = _optional_variable(BARS_TABLE)


@dataclass(frozen=True)
class TickSettings(BarsSettings, ProvidersSettings):
    """The hot table, the providers, the namespace of the metrics, and the source of the stack's events."""

    metrics_namespace: str = _variable(METRICS_NAMESPACE)
    event_source: str = _variable(EVENT_SOURCE)


@dataclass(frozen=True)
class FetchSettings(SimulateSettings, BarsSettings, ProvidersSettings):
    """The table of runs, the data lake, the hot table, and the providers."""


@dataclass(frozen=True)
class CompactSettings(BarsSettings):
    """The hot table and the data lake."""

    bucket: str = _variable(BUCKET)


@dataclass(frozen=True)
class TradeSettings(BarsSettings):
    """The hot table, the data lake, and the table of portfolios."""

    bucket: str = _variable(BUCKET)
    trading_table: str = _variable(TRADING_TABLE)


@dataclass(frozen=True)
class ExportPortfoliosSettings(Settings):
    """The table of portfolios and the data lake."""

    bucket: str = _variable(BUCKET)
    trading_table: str = _variable(TRADING_TABLE)


@dataclass(frozen=True)
class ExportSettings(Settings):
    """The secret with PostgreSQL's connection string, the queue of dead letters, and the namespace of the metrics."""

    keys_secret: str = _variable(KEYS_SECRET)
    dead_letters_queue: str = _variable(DEAD_LETTERS_QUEUE)
    metrics_namespace: str = _variable(METRICS_NAMESPACE)


@dataclass(frozen=True)
class CheckSilenceSettings(AlertsSettings, BarsSettings):
    """The tables of alerts and of bars."""


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(CheckSilenceSettings):
    """Also the table of portfolios."""

    trading_table: str = _variable(TRADING_TABLE)
