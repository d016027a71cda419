"""`tickfold token`: a token for the embedded stack, for clients other than this command line."""

from typing import Annotated

import typer

from tickfold.cli.target import embedded


def token(
    user: Annotated[
        str | None, typer.Option(help="Whom it speaks for; left out: your login name.", metavar="NAME")
    ] = None,
    portfolio: Annotated[
        list[str] | None, typer.Option(help="A portfolio of that user's; may be repeated.", metavar="ID")
    ] = None,
    lifetime: Annotated[
        int, typer.Option(min=1, max=86_400, help="How long it lets somebody connect.", metavar="SECONDS")
    ] = 3_600,
) -> None:
    """Print a token for the embedded stack, and nothing else.

    Example: wscat --connect "$URL?token=$(tickfold token --user ada)"
    """
    typer.echo(embedded().request_token(user, portfolio or (), lifetime))
