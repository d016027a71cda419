"""`tickfold auth schwab`: the weekly login, whose tokens the stack's functions use."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from tickfold.cli.console import note
from tickfold.cli.target import StackOutputs, find_target
from tickfold.market_data.schwab_oauth import BASE_URL, SchwabOAuth, code_of, new_state

CALLBACK = "https://127.0.0.1:8182"
_SECONDS = 300.0
"""How long the command waits for somebody to log in."""


def schwab(
    callback: Annotated[
        str, typer.Option(metavar="URL", help="The callback URL of your application at Schwab, to the letter.")
    ] = CALLBACK,
    paste: Annotated[
        bool, typer.Option("--paste", help="Paste the address after the login, instead of listening for it.")
    ] = False,
    stack_outputs: StackOutputs = None,
    oauth_url: Annotated[str, typer.Option(hidden=True)] = BASE_URL,
) -> None:
    """Log in to Schwab, and store the tokens for the stack's functions. It is good for 7 days.

    Prints the page to open. After the login Schwab leads the browser to the callback URL, on this machine: the browser
    warns that it does not know the certificate, which was made for this login. With --paste nothing listens there: the
    browser shows an error, and you paste the address that it shows.

    Example: tickfold auth schwab
    """
    from tickfold.market_data.providers.http import Http  # noqa: PLC0415 - slow to import
    from tickfold.market_data.schwab_login import schwab_app  # noqa: PLC0415
    from tickfold.market_data.schwab_tokens import TokenStore  # noqa: PLC0415

    target = find_target(stack_outputs)
    secrets, tokens_secret = target.secrets(), target.output("schwab_tokens_secret")
    app, state = schwab_app(secrets, target.output("keys_secret")), new_state()
    oauth = SchwabOAuth(app, Http(), lambda: datetime.now(UTC), oauth_url)
    redirected = _redirect(oauth.authorize_url(callback, state), callback, paste)
    tokens = oauth.exchange(code_of(redirected, state), callback)
    TokenStore(secrets, tokens_secret).write(tokens)
    typer.echo(f"logged in to Schwab until {tokens.login_expires:%Y-%m-%d %H:%M} UTC")


def _redirect(page: str, callback: str, paste: bool) -> str:
    """Print the page, and return the address to which the login there leads."""
    from tickfold.cli.loopback_callback import LoopbackCallback  # noqa: PLC0415 - may load cryptography

    if paste:
        return _pasted(page)
    with LoopbackCallback(callback) as listening:
        note("open this page and log in; the browser will warn of the certificate of this machine:")
        typer.echo(page)
        return listening.wait(_SECONDS)


def _pasted(page: str) -> str:
    note(
        "open this page and log in; then paste the address that the browser shows, which begins with the callback URL:"
    )
    typer.echo(page)
    return str(typer.prompt("address", err=True))
