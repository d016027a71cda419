"""E-mail: the messages of alerts and of confirmations, as text and HTML, and sending them by SES."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tickfold.alerts.alert_store import UserPreferences
from tickfold.alerts.links import Links
from tickfold.protocol.alerts import Alert


@dataclass(frozen=True)
class Mail:
    """A message: its subject, its paragraphs, a link with its words, and headers."""

    subject: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The message as plain text."""
        words, url = self.link
        return "\n\n".join([*self.paragraphs, f"{words}: {url}"]) + "\n"

    @property
    def html(self) -> str:
        """The message as HTML."""
        words, url = self.link
        first, *others = (f"<p>{escape(each)}</p>" for each in self.paragraphs)
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(self.subject)}</title></head>'
            '<body style="font-family:sans-serif;line-height:1.5;max-width:36em">'
            f'<h1 style="font-size:1.2em">{escape(self.subject)}</h1>{first}{"".join(others)}'
            f'<p style="font-size:.85em"><a href="{escape(url)}">{escape(words)}</a></p></body></html>'
        )


def alert_mail(alert: Alert, owner: str, user: UserPreferences, links: Links) -> Mail:
    """Return the message of an alert, with the headers by which mail programs unsubscribe in one click (RFC 8058)."""
    link = links.link(owner, user, "unsubscribe")
    zone = user.preferences.time_zone
    local = datetime.fromtimestamp(alert.at / 1_000, UTC).astimezone(ZoneInfo(zone))
    return Mail(
        subject=f"{alert.title}",
        paragraphs=(alert.text, f"{local:%A %Y-%m-%d %H:%M} ({zone}). Rule {alert.rule_id}."),
        link=("Unsubscribe from alerts by e-mail", link),
        headers={
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Tickfold-Alert-Id": alert.alert_id,
        },
    )


def confirmation_mail(owner: str, user: UserPreferences, links: Links) -> Mail:
    """Return the message that has an address confirmed."""
    return Mail(
        subject="Confirm your address for alerts",
        paragraphs=(
            "Someone who uses Tickfold, probably you, wants alerts to be sent to this address.",
            "If it was not you, ignore this message: no alerts will come.",
        ),
        link=("Confirm this address", links.link(owner, user, "confirm")),
    )


class SesClient(Protocol):
    """The part of SES's client, version 2, that is used."""

    def send_email(self, **request: Any) -> Any: ...


@dataclass(frozen=True)
class Mailer:
    """Sends from `sender`, an identity of SES, with `links` that lead back."""

    ses: SesClient
    sender: str
    links: Links

    def send(self, mail: Mail, to: str) -> None:
        """Send a message.

        Raises:
            ClientError: SES refuses it, or does not answer.
        """
        content = {
            "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": mail.text, "Charset": "UTF-8"},
                "Html": {"Data": mail.html, "Charset": "UTF-8"},
            },
        }
        headers = [{"Name": name, "Value": value} for name, value in mail.headers.items()]
        self.ses.send_email(
            FromEmailAddress=self.sender,
            Destination={"ToAddresses": [to]},
            Content={"Simple": content | ({"Headers": headers} if headers else {})},
        )
