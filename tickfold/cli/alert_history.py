"""`tickfold alert history` and `watch`: your alerts, those that were and those that come."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.console import note, printable
from tickfold.cli.follow import client_of
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.session_view import LOST
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.cli.times import to_minute

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.protocol import Alert, SentAlert

COLUMNS = ("time", "alert", "text", "quiet", "email", "webhook", "id")
_PAGE = 50


def history(
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="COUNT", help="Alerts, at most.")] = 20,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """List your alerts, the latest first: the end of the bar (UTC), what came true, whether it fell in your quiet
    hours, and what became of it by e-mail and webhook.

    Example: tickfold alert history --limit 5
    """
    check_formats(as_csv, as_json)

    async def read(client: "Client") -> "list[SentAlert]":
        page = await client.alert_history(min(limit, _PAGE))
        found = list(page.alerts)
        while page.next and len(found) < limit:
            page = await client.alert_history(min(limit - len(found), _PAGE), page.next)
            found += page.alerts
        return found

    found = ask(stack_outputs, read)
    write_rows(COLUMNS, map(_row, found), as_csv, as_json)
    if not found:
        note("you have had no alerts")


def watch(
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON object an alert, each on a line.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Show alerts as they come, each once, until Ctrl-C. A lost connection is opened again, and misses none.

    Example: tickfold alert watch
    """
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    asyncio.run(_follow(find_target(stack_outputs), as_json))


async def _follow(target: Target, as_json: bool) -> None:
    async with client_of(target, lambda connected: note("reconnected" if connected else LOST)) as client:
        alerts = await client.alerts()
        note("waiting for alerts; Ctrl-C ends")
        async for alert in alerts:
            sys.stdout.write(_line(alert, as_json) + "\n")
            sys.stdout.flush()


def _line(alert: "Alert", as_json: bool) -> str:
    if as_json:
        return json.dumps(alert.model_dump(by_alias=True), ensure_ascii=False)
    return printable(f"{_time(alert)} {alert.title}: {alert.text}")


def _row(each: "SentAlert") -> list[Value]:
    alert, sent = each.alert, each.deliveries
    words = (_time(alert), alert.title, alert.text, alert.quiet)
    return [*words, sent.get("email"), sent.get("webhook"), alert.alert_id]


def _time(alert: "Alert") -> str:
    return to_minute(alert.at)
