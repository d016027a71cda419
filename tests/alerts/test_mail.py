"""E-mail: what is sent, and the links in it."""

from typing import Any

import pytest

from tickfold.alerts.alert_store import AlertStore, RecordedAlert, UserPreferences
from tickfold.alerts.links import Links, follow, read_token
from tickfold.alerts.mail import Mailer, alert_mail, confirmation_mail
from tickfold.alerts.sending import Sending
from tickfold.alerts.webhook import Webhooks
from tickfold.protocol.alerts import Alert, Preferences

LINKS = Links("https://links.example/")
ALERT = Alert(
    alert_id="a1", rule_id="r1", kind="price", title="M&M <above> 1", text='It said "x" & <b>.', at=1_769_783_460_000
)
ADA = UserPreferences(Preferences(email="ada@example.com", time_zone="Europe/Berlin"), "confirmed", "ab" * 32)


class Ses:
    """SES's client, and what it was given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> None:
        self.sent.append(request)


def test_mail_can_be_unsubscribed_in_one_click() -> None:
    mail = alert_mail(ALERT, "ada", ADA, LINKS)
    link = LINKS.link("ada", ADA, "unsubscribe")
    assert mail.headers["List-Unsubscribe"] == f"<{link}>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert all(value.isascii() and len(value) < 995 for value in mail.headers.values())  # what SES takes
    assert link in mail.text


def test_text_is_plain_and_html_is_escaped() -> None:
    mail = alert_mail(ALERT, "ada", ADA, LINKS)
    assert mail.text.startswith('It said "x" & <b>.\n\nFriday 2026-01-30 15:31 (Europe/Berlin). Rule r1.\n\n')
    assert "It said &quot;x&quot; &amp; &lt;b&gt;." in mail.html
    assert "M&amp;M &lt;above&gt; 1" in mail.html
    assert "<b>" not in mail.html


def test_mailer_hands_ses_text_html_and_headers() -> None:
    ses = Ses()
    Mailer(ses, "alerts@tickfold.example", LINKS).send(alert_mail(ALERT, "ada", ADA, LINKS), "ada@example.com")
    (sent,) = ses.sent
    assert sent["FromEmailAddress"] == "alerts@tickfold.example"
    assert sent["Destination"] == {"ToAddresses": ["ada@example.com"]}
    assert set(sent["Content"]["Simple"]["Body"]) == {"Text", "Html"}
    names = {each["Name"] for each in sent["Content"]["Simple"]["Headers"]}
    assert names == {"List-Unsubscribe", "List-Unsubscribe-Post", "X-Tickfold-Alert-Id"}


def token(user: UserPreferences, purpose: Any, owner: str = "ada") -> str:
    return LINKS.link(owner, user, purpose).partition("?token=")[2]


def test_links_do_what_they_are_for_and_can_be_followed_again(store: AlertStore) -> None:
    store.set_preferences("ada", UserPreferences(ADA.preferences, "unconfirmed", ADA.link_key))
    for purpose, state in (("confirm", "confirmed"), ("confirm", "confirmed"), ("unsubscribe", "unsubscribed")):
        assert follow(token(ADA, purpose), store)
        assert store.preferences("ada").email_state == state


@pytest.mark.parametrize(
    "wrong",
    [
        *("", ".", "..", "ada.confirm.", "YWRh.confirm.é", "!!.confirm.00", "YWRh.delete.00", "gA.confirm.00"),
        token(ADA, "confirm").replace("confirm", "unsubscribe"),
        token(UserPreferences(ADA.preferences, "confirmed", "cd" * 32), "confirm"),
        token(UserPreferences(Preferences(email="eve@example.com"), "confirmed", ADA.link_key), "confirm"),
        token(ADA, "confirm", owner="bob"),
    ],
)
def test_other_links_do_nothing(store: AlertStore, wrong: str) -> None:
    store.set_preferences("ada", UserPreferences(ADA.preferences, "unconfirmed", ADA.link_key))
    assert read_token(wrong, store.preferences) is None
    assert follow(wrong, store) is None
    assert store.preferences("ada").email_state == "unconfirmed"


def test_link_of_an_address_that_was_changed_is_void(store: AlertStore) -> None:
    store.set_preferences("ada", UserPreferences(Preferences(email="new@example.com"), "unconfirmed", ADA.link_key))
    assert follow(token(ADA, "confirm"), store) is None


def test_confirmation_has_no_unsubscribe_header_and_says_what_to_do() -> None:
    mail = confirmation_mail("ada", ADA, LINKS)
    assert mail.headers == {}
    assert LINKS.link("ada", ADA, "confirm") in mail.text


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("confirmed", "sent"),
        ("unconfirmed", "not sent: the address is unconfirmed"),
        ("unsubscribed", "not sent: the address is unsubscribed"),
    ],
)
def test_alert_is_sent_once_and_to_confirmed_addresses_only(store: AlertStore, state: Any, outcome: str) -> None:
    ses = Ses()
    sending = Sending(store, Mailer(ses, "alerts@tickfold.example", LINKS), Webhooks())
    store.set_preferences("ada", UserPreferences(ADA.preferences, state, ADA.link_key))
    alert = RecordedAlert("ada", ALERT, ("browser", "email"))
    store.record(alert)
    assert [sending.send(alert) for _ in range(2)] == [{"email": outcome}, {}]
    assert store.deliveries(alert) == {"email": outcome}
    assert len(ses.sent) == (outcome == "sent")


def test_webhook_of_a_rule_that_is_gone_is_not_posted(store: AlertStore) -> None:
    alert = RecordedAlert("ada", ALERT, ("webhook",))
    store.record(alert)
    assert Sending(store, None, Webhooks()).send(alert) == {"webhook": "not sent: the rule is gone"}


def test_stack_without_a_sender_sends_none(store: AlertStore) -> None:
    alert = RecordedAlert("ada", ALERT, ("email",))
    store.record(alert)
    assert Sending(store, None, Webhooks()).send(alert) == {"email": "not sent: this stack sends no e-mail"}
