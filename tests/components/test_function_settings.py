"""Each function is given the environment variables that it reads, and no other."""

import pytest

from functions.settings import (
    LOOPBACK_WEBHOOKS,
    AlertsSettings,
    AuthorizeSettings,
    CatchUpSettings,
    CheckFeedSettings,
    CheckSilenceSettings,
    CompactSettings,
    ConnectionsSettings,
    DeliverStreamsSettings,
    EvaluateSettings,
    ExportPortfoliosSettings,
    ExportSettings,
    FetchSettings,
    HttpSettings,
    MessageSettings,
    PlanSettings,
    ProvidersSettings,
    ReconcileSettings,
    ReduceSettings,
    ReportFailureSettings,
    SendAlertsSettings,
    Settings,
    SimulateSettings,
    TickSettings,
    TradeSettings,
)
from tests.components.capture import Stack

SETTINGS: dict[str, type[Settings]] = {
    "authorize": AuthorizeSettings,
    "connect": ConnectionsSettings,
    "disconnect": ConnectionsSettings,
    "message": MessageSettings,
    "deliver": DeliverStreamsSettings,
    "http": HttpSettings,
    "fetch": FetchSettings,
    "plan": PlanSettings,
    "simulate": SimulateSettings,
    "reduce": ReduceSettings,
    "report-failure": ReportFailureSettings,
    "reconcile": ReconcileSettings,
    "tick": TickSettings,
    "compact": CompactSettings,
    "trade": TradeSettings,
    "export-portfolios": ExportPortfoliosSettings,
    "check-feed": CheckFeedSettings,
    "quotes": ProvidersSettings,
    "catch-up": CatchUpSettings,
    "export": ExportSettings,
    "evaluate": EvaluateSettings,
    "check-silence": CheckSilenceSettings,
    "send": SendAlertsSettings,
    "follow-link": AlertsSettings,
}


@pytest.mark.parametrize("function", SETTINGS)
def test_the_stack_gives_a_function_exactly_the_variables_that_it_reads(dev: Stack, function: str) -> None:
    (found,) = (each for each in dev.resources if each.name == f"tickfold-dev-{function}-function")
    given = {name for name in found.inputs["environment"]["variables"] if name.startswith("TICKFOLD_")}
    # Of the embedded stack alone.
    assert given == SETTINGS[function].variables() - {LOOPBACK_WEBHOOKS}
