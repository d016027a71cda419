"""`tickfold alert list`, `remove` and `test`: your alert rules."""

from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.completion import alert_rules
from tickfold.cli.console import note
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs
from tickfold.cli.times import to_minute
from tickfold.errors import RunError
from tickfold.protocol.spelling import suggestion

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.protocol import AlertRuleSummary

COLUMNS = ("rule", "condition", "frequency", "channels", "status", "alerts", "last_alert", "note")
RuleIds = Annotated[
    list[str],
    typer.Argument(metavar="RULE", help="As `tickfold alert list` shows it.", autocompletion=alert_rules),
]


def list_rules(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List your rules. One that is `waiting` alerts again once the value has gone back; one that is `done` or
    `expired` never again.

    Example: tickfold alert list
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.alert_rules())
    write_rows(COLUMNS, map(_row, found), as_csv, as_json)
    if not found:
        note("you have no alert rules: see `tickfold alert add`")


def remove(rules: RuleIds, stack_outputs: StackOutputs = None) -> None:
    """Delete rules. Their alerts stay in the history.

    Example: tickfold alert remove r0123456789abcdef
    """

    async def removed(client: "Client") -> None:
        known = [each.rule_id for each in await client.alert_rules()]
        for rule in rules:
            if rule not in known:
                reason = f"you have no alert rule {rule}{suggestion(rule, known)}; nothing is removed"
                raise RunError(reason, "not_found")
        for rule in rules:
            await client.delete_alert_rule(rule)

    ask(stack_outputs, removed)
    typer.echo(f"removed {', '.join(rules)}")


def send_test(
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="As `tickfold alert list` shows it.", autocompletion=alert_rules),
    ],
    stack_outputs: StackOutputs = None,
) -> None:
    """Send a test message by the channels of a rule. `tickfold alert history` tells what became of it.

    Example: tickfold alert test r0123456789abcdef
    """
    sent = ask(stack_outputs, lambda client: client.test_alert(rule))
    typer.echo(f"{sent.alert_id}: {sent.title}")


def _row(each: "AlertRuleSummary") -> list[Value]:
    from tickfold.alerts.wording import title_of  # noqa: PLC0415 - slow to load, and help needs none

    last = each.last_fired_at and to_minute(each.last_fired_at)
    channels = ",".join(each.rule.channels or ["preferences"])
    words = (each.rule_id, title_of(each.rule.condition), each.rule.frequency, channels, each.status)
    return [*words, each.fired, last, each.rule.note]
