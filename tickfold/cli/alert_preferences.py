"""`tickfold alert preferences`: how you want alerts."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.asking import ask
from tickfold.cli.bad_parameters import bad_parameters
from tickfold.cli.console import note
from tickfold.cli.target import StackOutputs

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.protocol import AlertPreferences, Preferences

_NEXT_STEP = {
    "unconfirmed": "a link was sent to the address: open it to confirm",
    "unsubscribed": "the address was unsubscribed: set it again for another link",
}


def preferences(
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Where e-mail goes; empty for none. It gets a link to confirm."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="IANA name, such as Europe/Berlin, of days and quiet hours.")
    ] = None,
    quiet: Annotated[
        str | None,
        typer.Option(metavar="HH:MM-HH:MM", help="Hours without e-mail, such as 22:00-07:00; empty for none."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="CHANNELS", help="Of rules that name none: browser, email, or browser,email.")
    ] = None,
    stack_outputs: StackOutputs = None,
) -> None:
    """Show how you want alerts, after setting what the options say.

    Example: tickfold alert preferences

    Example: tickfold alert preferences --address ada@example.com --time-zone Europe/Berlin --quiet 22:00-07:00
    """
    wanted = _wanted(address, time_zone, quiet, by)

    async def put(client: "Client") -> "AlertPreferences":
        known = await client.alert_preferences()
        if not wanted:
            return known
        return await client.set_alert_preferences(_merged(known.preferences, wanted))

    found = ask(stack_outputs, put)
    now = found.preferences
    hours = f"{now.quiet_hours.begin}-{now.quiet_hours.end}" if now.quiet_hours else "none"
    for name, value in (
        ("address", f"{now.email} ({found.email_state})" if now.email else "none"),
        ("time zone", now.time_zone),
        ("quiet hours", hours),
        ("channels", ",".join(now.channels)),
    ):
        typer.echo(f"{name:<12} {value}")
    if step := _NEXT_STEP.get(found.email_state):
        note(step)


def _wanted(address: str | None, time_zone: str | None, quiet: str | None, by: str | None) -> dict[str, Any]:
    """Return what the options set, as a request has it."""
    wanted: dict[str, Any] = {}
    if address is not None:
        wanted["email"] = address or None
    if time_zone is not None:
        wanted["timeZone"] = time_zone
    if quiet is not None:
        begin, dash, end = quiet.partition("-")
        if quiet and not dash:
            raise typer.BadParameter(f"--quiet {quiet}: expected two times of the day, such as 22:00-07:00")
        wanted["quietHours"] = {"begin": begin.strip(), "end": end.strip()} if quiet else None
    if by is not None:
        wanted["channels"] = [each.strip() for each in by.split(",")]
    return wanted


def _merged(known: "Preferences", wanted: dict[str, Any]) -> "Preferences":
    from tickfold.protocol import Preferences  # noqa: PLC0415 - slow to load, and help needs none

    with bad_parameters():
        return Preferences.model_validate(known.model_dump(by_alias=True) | wanted)
