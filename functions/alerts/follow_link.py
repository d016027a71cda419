"""Follow link: the page to which the links in e-mail lead. GET shows a button, and changes nothing, since programs that
check mail open all links; POST, of the button or of a mail program (RFC 8058), does what the link is for."""

from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.settings import AlertsSettings
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.links import Followed, Purpose, follow, read_token

logger = Logger()

Answer = dict[str, Any]


@dataclass(frozen=True)
class _Words:
    question: str
    button: str
    done: str


_WORDS: dict[Purpose, _Words] = {
    "unsubscribe": _Words(
        "Send no more alerts to {}?", "Unsubscribe", "No more alerts are sent to {}. Rules and history stay."
    ),
    "confirm": _Words("Send your alerts to {}?", "Confirm", "{} is confirmed: alerts can be sent there."),
}
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    # The token is in the address.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@cache
def dependencies() -> AlertStore:
    settings = AlertsSettings.read()
    return AlertStore(wiring.dynamodb().Table(settings.alerts_table))


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=LambdaFunctionUrlEvent)
def handler(event: LambdaFunctionUrlEvent, _context: LambdaContext) -> Answer:
    return answer(event, dependencies())


def answer(event: LambdaFunctionUrlEvent, store: AlertStore) -> Answer:
    """Return the page for a link."""
    token = event.query_string_parameters.get("token", "")
    match event.http_method:
        case "GET" | "HEAD":
            followed = read_token(token, store.preferences)
            return _page(200, _form(followed)) if followed else _void()
        case "POST":
            followed = follow(token, store)
            if followed is None:
                return _void()
            logger.info("link followed", extra={"user_id": followed.owner, "purpose": followed.purpose})
            return _page(200, f"<p>{escape(_WORDS[followed.purpose].done.format(followed.email))}</p>")
        case _:
            return _page(405, "<p>Open this link in a browser.</p>") | {"headers": {**_HEADERS, "Allow": "GET, POST"}}


def _form(followed: Followed) -> str:
    words = _WORDS[followed.purpose]
    # Without an action the form is sent to the address of the page, which has the token.
    question = escape(words.question.format(followed.email))
    return f'<form method="post"><p>{question}</p><button>{escape(words.button)}</button></form>'


def _void() -> Answer:
    return _page(404, "<p>This link is not valid, or no longer: the address has been changed since.</p>")


def _page(status: int, body: str) -> Answer:
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tickfold alerts</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f'<body style="font-family:sans-serif;max-width:36em;margin:3em auto;padding:0 1em">{body}</body></html>'
    )
    return {"statusCode": status, "headers": dict(_HEADERS), "body": html}
