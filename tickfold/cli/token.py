"""`tickfold token`: a token for the embedded stack, for clients other than this command line."""

from typing import Annotated

import typer

from tickfold.cli.target import embedded


def token(
    user: Annotated[str | None, typer.Option(help="The user; left out: your login name.", metavar="NAME")] = None,
    portfolio: Annotated[
        list[str] | None, typer.Option(help="A portfolio of the user; may be repeated.", metavar="ID")
    ] = None,
    lifetime: Annotated[int, typer.Option(min=1, max=86_400, help="Lifetime of the token.", metavar="SECONDS")] = 3_600,
) -> None:
    """Print a token for the embedded stack, and nothing else.

    Example: wscat --connect "$URL?token=$(tickfold token --user ada)"
    """
    typer.echo(embedded().request_token(user, portfolio or (), lifetime))
