"""`tickfold alert`, against a stack's API on this machine."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tickfold.protocol import Alert, SentAlert

GOOG: dict[str, Any] = {"symbol": "GOOG"}
GROWTH: dict[str, Any] = {"portfolio": "growth"}
PRICE = {"kind": "price", **GOOG, "above": 180.0, "hysteresis": 0.0}
ADDED: list[tuple[str, dict[str, Any]]] = [
    ("goog --above 180", PRICE),
    ("GOOG --below 150 --hysteresis 2", {"kind": "price", **GOOG, "below": 150.0, "hysteresis": 2.0}),
    ("GOOG --above 1 --minus aapl", {"kind": "spread", **GOOG, "minus": "AAPL", "above": 1.0, "hysteresis": 0.0}),
    (
        "GOOG --change -5 --minutes 30 --hysteresis 1",
        {"kind": "change", **GOOG, "below": -0.05, "minutes": 30, "hysteresis": 0.01},
    ),
    ("GOOG --change 5", {"kind": "change", **GOOG, "above": 0.05, "minutes": None, "hysteresis": 0.0}),
    (
        "GOOG --crosses-below sma9",
        {"kind": "indicator", **GOOG, "indicator": "sma9", "crosses": "below", "hysteresis": 0.0},
    ),
    ("GOOG --volume 1000", {"kind": "volume", **GOOG, "above": 1000.0}),
    ("--runs", {"kind": "run_ended"}),
    ("--run r-1", {"kind": "run_ended", "runId": "r-1"}),
    ("--feed-silent 20", {"kind": "feed_silent", "minutes": 20}),
    (
        "--portfolio growth --of profit --below -100 --hysteresis 10",
        {"kind": "profit", **GROWTH, "below": -100.0, "hysteresis": 10.0},
    ),
    (
        "goog --portfolio growth --of position --above 5000",
        {"kind": "position", **GROWTH, **GOOG, "above": 5_000.0, "hysteresis": 0.0},
    ),
    (
        "--portfolio growth --drawdown 5 --hysteresis 1",
        {"kind": "drawdown", **GROWTH, "above": 0.05, "hysteresis": 0.01},
    ),
    (
        "--portfolio growth --orders all",
        {"kind": "orders", **GROWTH, "outcomes": ["filled", "rejected", "expired", "cancelled"]},
    ),
    (
        "GOOG --portfolio growth --orders filled,rejected",
        {"kind": "orders", **GROWTH, **GOOG, "outcomes": ["filled", "rejected"]},
    ),
    ("--portfolio growth --limits", {"kind": "limit_breached", **GROWTH}),
    ("--portfolio growth --killed", {"kind": "killed", **GROWTH}),
    ("--portfolio growth --bots", {"kind": "bots", **GROWTH, "outcomes": ["paused", "stopped"]}),
    ("--portfolio growth --bot cross", {"kind": "bots", **GROWTH, "bot": "cross", "outcomes": ["paused", "stopped"]}),
]


@pytest.mark.parametrize(("words", "condition"), ADDED)
def test_add_asks_for_what_the_words_say(
    tickfold: Command, fake: FakeStack, words: str, condition: dict[str, Any]
) -> None:
    added = tickfold("alert", "add", *words.split())
    assert (added.status, added.stdout) == (0, f"r{0:016x}\n")
    (rule,) = fake.rules
    assert json.loads(rule.rule.condition.model_dump_json(by_alias=True)) == condition


def test_add_takes_how_often_how_long_and_by_what(tickfold: Command, fake: FakeStack) -> None:
    options = [
        "--daily",
        "--cool-down",
        "10",
        "--expires",
        "2030-01-02",
        "--browser",
        "--webhook",
        "https://x.example/y",
    ]
    added = tickfold("alert", "add", "GOOG", "--above", "180", *options, "--note", "Sell half.")
    assert added.stdout.splitlines()[1] == "whsec_1"
    assert "shown this once" in added.stderr
    terms = fake.rules[0].rule
    assert (terms.frequency, terms.cool_down_minutes, terms.note) == ("daily", 10, "Sell half.")
    assert (terms.channels, terms.webhook_url) == (["browser", "webhook"], "https://x.example/y")
    assert terms.expires_at == 1_893_542_400_000


@pytest.mark.parametrize(
    "words",
    [
        *("", "GOOG", "--above 1", "GOOG --runs", "GOOG --above 1 --below 2", "GOOG --above 1 --minutes 5"),
        *("GOOG --volume 1 --minus AAPL", "--runs --hysteresis 1", "GOOG --above 1 --once --daily", "GOOG --above -1"),
        *(
            "GOOG --crosses-above ema",
            "GOOG --above 1 --webhook ftp://x",
            "GOOG --above 1 --minus GOOG",
            "a/ --above 1",
        ),
        *("--portfolio growth", "--portfolio growth --above 1", "--portfolio growth --drawdown 5 --killed"),
        *("--drawdown 5", "--of cash --below 5", "GOOG --portfolio growth --bots", "--portfolio growth --runs"),
        *("--portfolio growth --of position --above 1", "--portfolio growth --bots --hysteresis 1"),
        *("--portfolio growth --of margin --above 1", "--portfolio growth --orders lost", "--bot cross"),
        *("--portfolio growth --drawdown 500", "--portfolio growth --of equity --drawdown 5"),
    ],
)
def test_wrong_use_sends_nothing(tickfold: Command, fake: FakeStack, words: str) -> None:
    refused = tickfold("alert", "add", *words.split())
    assert refused.status == 2
    assert refused.stderr
    assert not fake.received


def test_rules_are_listed_and_removed(tickfold: Command, fake: FakeStack) -> None:
    assert tickfold("alert", "list").stderr == "you have no alert rules: see `tickfold alert add`\n"
    rule = tickfold("alert", "add", "GOOG", "--above", "180", "--once").stdout.strip()
    listed = json.loads(tickfold("alert", "list", "--json").stdout)
    assert [(each["rule"], each["condition"], each["status"]) for each in listed] == [
        (rule, "GOOG above 180.00", "armed")
    ]
    refused = tickfold("alert", "remove", rule, rule[:-1] + "9")
    assert f"you have no alert rule {rule[:-1]}9 (did you mean {rule}?); nothing is removed" in refused.stderr
    assert tickfold("alert", "remove", rule).stdout == f"removed {rule}\n"
    assert fake.rules == []


def test_history_tells_what_became_of_an_alert(tickfold: Command, fake: FakeStack) -> None:
    alert = Alert(
        alert_id="a1", rule_id="r", kind="price", title="GOOG above 1.00", text="It is.", at=1_769_783_460_000
    )
    fake.alerts = [SentAlert(alert=alert, deliveries={"email": "sent"})]
    assert tickfold("alert", "history").stdout.splitlines() == [
        "time,alert,text,quiet,email,webhook,id",
        "2026-01-30T14:31Z,GOOG above 1.00,It is.,False,sent,,a1",
    ]


def test_preferences_are_shown_and_set_one_by_one(tickfold: Command, fake: FakeStack) -> None:
    assert tickfold("alert", "preferences").stdout.splitlines() == [
        "address      none",
        "time zone    America/New_York",
        "quiet hours  none",
        "channels     browser",
    ]
    for option, value in (("--address", "ada@example.com"), ("--quiet", "22:00-07:00"), ("--by", "browser,email")):
        assert tickfold("alert", "preferences", option, value).status == 0
    assert json.loads(fake.preferences.model_dump_json(by_alias=True)) == {
        "timeZone": "America/New_York",
        "channels": ["browser", "email"],
        "email": "ada@example.com",
        "quietHours": {"begin": "22:00", "end": "07:00"},
    }
    assert "a link was sent" in tickfold("alert", "preferences").stderr
    tickfold("alert", "preferences", "--address", "", "--quiet", "")
    assert (fake.preferences.email, fake.preferences.quiet_hours) == (None, None)


@pytest.mark.parametrize(
    "words",
    [
        *("--time-zone Mars/Olympus", "--quiet 22:00", "--quiet 22:00-22:00", "--quiet 25:00-07:00", "--by sms"),
        *("--address ada", "--address a@b.example,c@d.example"),
    ],
)
def test_wrong_preferences_set_nothing(tickfold: Command, fake: FakeStack, words: str) -> None:
    before = fake.preferences
    refused = tickfold("alert", "preferences", *words.split())
    assert refused.status == 2
    assert "expected" in refused.stderr or "input should be" in refused.stderr
    assert fake.preferences == before
