"""The settings of functions: what each reads, and what is said of a variable that is missing or wrong."""

import os

import pytest

from functions import settings
from functions.settings import (
    AuthorizeSettings,
    CatchUpSettings,
    ConnectionsSettings,
    DeliverSettings,
    DeliverStreamsSettings,
    ExportPortfoliosSettings,
    ExportSettings,
    HttpSettings,
    MessageSettings,
    PlanSettings,
    ReconcileSettings,
    ReduceSettings,
    ReportFailureSettings,
    Settings,
    SettingsError,
    SimulateSettings,
)

TABLES = {settings.CONNECTIONS_TABLE, settings.SUBSCRIPTIONS_TABLE}
RUNS = {settings.RUNS_TABLE}
LAKE = {settings.BUCKET, *RUNS}


OPTIONAL = {settings.ALERT_SENDER, settings.LOOPBACK_WEBHOOKS}
TRADING_AND_ALERTS = {settings.TRADING_TABLE, settings.ALERTS_TABLE, settings.ALERT_LINKS_URL, *OPTIONAL}


@pytest.mark.parametrize(
    ("model", "variables"),
    [
        (AuthorizeSettings, {settings.ISSUER, settings.AUDIENCE, settings.PORTFOLIOS_CLAIM}),
        (ConnectionsSettings, TABLES),
        (CatchUpSettings, {settings.BARS_TABLE, settings.KEYS_SECRET}),
        (DeliverSettings, {*TABLES, settings.CONNECTIONS_ENDPOINT}),
        (
            DeliverStreamsSettings,
            {*TABLES, settings.CONNECTIONS_ENDPOINT, settings.ALERTS_TABLE, settings.EVENT_SOURCE},
        ),
        (ReportFailureSettings, {*RUNS, settings.USERS_TABLE}),
        (ReconcileSettings, {*RUNS, settings.USERS_TABLE, settings.STATE_MACHINE_ARN}),
        (SimulateSettings, LAKE),
        (PlanSettings, {*LAKE, settings.USERS_TABLE, settings.WORKERS, settings.ACTIVE_LIMIT, settings.REDUCE_MEMORY}),
        (ReduceSettings, {*LAKE, settings.USERS_TABLE}),
        (ExportPortfoliosSettings, {settings.BUCKET, settings.TRADING_TABLE}),
        (ExportSettings, {settings.KEYS_SECRET, settings.DEAD_LETTERS_QUEUE, settings.METRICS_NAMESPACE}),
        (
            MessageSettings,
            {*LAKE, *TABLES, settings.USERS_TABLE, settings.CONNECTIONS_ENDPOINT, settings.STATE_MACHINE_ARN}
            | {settings.RUNNING_LIMIT, settings.DAILY_LIMIT, settings.REDUCE_MEMORY, settings.BARS_TABLE}
            | {settings.PROVIDERS, *TRADING_AND_ALERTS},
        ),
        (
            HttpSettings,
            {*LAKE, settings.USERS_TABLE, settings.BARS_TABLE, settings.STATE_MACHINE_ARN, settings.PROVIDERS}
            | {settings.RUNNING_LIMIT, settings.DAILY_LIMIT, settings.REDUCE_MEMORY}
            | {settings.AUDIENCE, settings.PORTFOLIOS_CLAIM, settings.REQUEST_LIMIT, *TRADING_AND_ALERTS},
        ),
    ],
)
def test_a_function_reads_what_it_was_granted_and_no_more(model: type[Settings], variables: set[str]) -> None:
    assert model.variables() == variables
    model.read(dict.fromkeys(variables, "7"))
    for missing in variables - OPTIONAL:
        for given in (dict.fromkeys(variables - {missing}, "7"), dict.fromkeys(variables, "7") | {missing: ""}):
            with pytest.raises(SettingsError, match=f"^{missing} is not set: grant this function what it names"):
                model.read(given)


def test_values_are_read_by_name_and_typed() -> None:
    names = {settings.BUCKET: "lake", settings.RUNS_TABLE: "runs", settings.USERS_TABLE: "users"}
    numbers = {settings.WORKERS: "40", settings.ACTIVE_LIMIT: "20", settings.REDUCE_MEMORY: "3008"}
    found = PlanSettings.read(names | numbers | {"PATH": "/bin"})
    assert (found.bucket, found.runs_table, found.users_table) == ("lake", "runs", "users")
    assert (found.workers, found.active_limit, found.reduce_memory) == (40, 20, 3_008)


def test_a_number_that_is_none_is_refused() -> None:
    given = dict.fromkeys(PlanSettings.variables(), "7") | {settings.WORKERS: "forty"}
    with pytest.raises(SettingsError, match=r"^TICKFOLD_WORKERS is 'forty'; expected a whole number$"):
        PlanSettings.read(given)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, settings.RUNS_TABLE, "runs")
    monkeypatch.setitem(os.environ, settings.USERS_TABLE, "users")
    assert ReportFailureSettings.read() == ReportFailureSettings(runs_table="runs", users_table="users")


def test_names_of_variables() -> None:
    names = {name: value for name, value in vars(settings).items() if name.isupper()}
    assert len(names) == 28
    assert all(value == f"TICKFOLD_{name}" for name, value in names.items())
