"""The table of alerts: rules, states and alerts as they were written, and whose they are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alerts.rules import OPEN, closes, fold, price, rule
from tickfold.alerts.alert_store import AlertStore, RecordedAlert, Standing, UserPreferences
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.evaluator import Evaluator, recorded
from tickfold.alerts.observation import SeenRun
from tickfold.alerts.rule import Rule, RuleState
from tickfold.protocol.alerts import Alert, Preferences
from tickfold.storage.dynamodb import ConditionFailedError


def begin(store: AlertStore, of: Rule) -> Standing:
    """Store a new rule."""
    assert store.create(Standing(of, initial_state(of)))
    return store.rule(of.owner, of.rule_id) or pytest.fail("the rule is not there")


def alert(number: int, owner: str = "ada") -> RecordedAlert:
    message = Alert(alert_id=f"a{number}", rule_id="r", kind="price", title="t", text="x", at=1_000 * number)
    return RecordedAlert(owner, message, ("browser", "email"))


def test_rule_is_read_as_it_was_written(store: AlertStore) -> None:
    of = replace(rule(price(above=180.1), expiresAt=9_999, webhookUrl="https://x.example/y"), secret="s")  # noqa: S106
    read = begin(store, of)
    assert read == Standing(of, initial_state(of))
    assert store.watching("symbol#GOOG") == [read] == store.rules_of("ada")
    assert store.rule("bob", of.rule_id) is None
    assert not store.create(read)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
STATES = st.builds(
    RuleState,
    armed=st.booleans(),
    done=st.booleans(),
    fired=st.integers(0, 9),
    fired_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    numbers=st.lists(st.tuples(st.text(), st.integers(0)), max_size=3, unique_by=lambda each: each[0]).map(tuple),
    memory=st.lists(st.tuples(st.text(), st.integers(0), FLOATS), max_size=4).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(state=STATES)
def test_state_is_read_to_the_last_bit(store: AlertStore, state: RuleState) -> None:
    of = rule(price(above=1))
    store.delete(of)
    store.advance(begin(store, of), state)
    read = store.rule("ada", of.rule_id)
    assert read
    assert (read.state, read.revision) == (state, 2)


def test_preferences_are_the_owners(store: AlertStore) -> None:
    wanted = Preferences(time_zone="Europe/Berlin", email="ada@example.com")
    store.set_preferences("ada", UserPreferences(wanted, "confirmed", "k", "2026-01-30", 2))
    assert store.preferences("ada") == UserPreferences(wanted, "confirmed", "k", "2026-01-30", 2)
    assert begin(store, rule(price(above=1))).rule.preferences == wanted
    assert store.preferences("bob").preferences == Preferences()


def test_changed_rule_is_watched_where_it_watches_now(store: AlertStore) -> None:
    before = begin(store, rule({"kind": "spread", "symbol": "GOOG", "minus": "IBM", "above": 1}))
    after = rule({"kind": "price", "symbol": "IBM", "above": 1})
    assert store.change(before, Standing(after, initial_state(after)))
    assert store.watching("symbol#GOOG") == []
    assert [each.rule for each in store.watching("symbol#IBM")] == [after]
    assert not store.change(before, Standing(after, initial_state(after)))
    for _ in range(2):
        store.delete(after)
    assert store.watching("symbol#IBM") == [] == store.rules_of("ada")


def test_state_that_was_changed_meanwhile_is_not_overwritten_and_no_alert_is_recorded(store: AlertStore) -> None:
    read = begin(store, rule(price(above=1)))
    store.advance(read, replace(read.state, fired=1))
    with pytest.raises(ConditionFailedError) as refused:
        store.advance(read, replace(read.state, fired=9), [alert(1)])
    assert refused.value.writes == {0}
    assert store.alerts_of("ada", 10) == ([], None)


def test_history_is_the_latest_first_by_pages(store: AlertStore) -> None:
    for number in range(1, 8):
        store.record(alert(number))
    store.record(alert(99, owner="bob"))
    found, before = list[str](), None
    for length in (3, 3, 1):
        page, before = store.alerts_of("ada", 3, before)
        assert len(page) == length
        found += [each.alert.alert_id for each in page]
    assert before is None
    assert found == [f"a{number}" for number in range(7, 0, -1)]


def test_what_became_of_an_alert_is_noted_beside_it(store: AlertStore) -> None:
    store.record(alert(1))
    store.note_delivery(alert(1), "email", "sent")
    assert store.deliveries(alert(1)) == {"email": "sent"}
    assert store.alerts_of("ada", 1)[0][0].deliveries == {"email": "sent"}


# --- the evaluator on the table --------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(values=st.lists(st.integers(8, 12), min_size=1, max_size=12), data=st.data())
def test_batches_and_repeats_leave_what_one_pass_leaves(
    store: AlertStore, values: list[int], data: st.DataObject
) -> None:
    of, seen = rule(price(above=10)), closes(*map(float, values))
    store.delete(of)
    for each in store.alerts_of("ada", 50)[0]:
        store._table.delete_item(Key={"holder": "user#ada", "entry": each.entry})
    begin(store, of)
    at = 0
    while at < len(seen):
        size = data.draw(st.integers(1, 4))
        for _ in range(data.draw(st.integers(1, 2))):
            Evaluator(store).evaluate(seen[data.draw(st.integers(0, at)) : at + size])
        at += size
    state, firings = fold(of, seen)
    standing = store.rule("ada", of.rule_id)
    assert standing
    assert standing.state == state
    assert {each.alert.alert_id for each in store.alerts_of("ada", 50)[0]} == {each.alert_id for each in firings}


def test_end_of_a_run_that_is_told_again_alerts_once(store: AlertStore) -> None:
    begin(store, rule({"kind": "run_ended"}))
    ends = [SeenRun("ada", run, "succeeded", OPEN) for run in "abc"]
    counts = [Evaluator(store).evaluate(batch) for batch in (ends[:1], ends[:2], ends, ends)]
    assert counts == [1, 1, 1, 0]
    assert len(store.alerts_of("ada", 9)[0]) == 3


def test_rules_of_others_and_on_other_symbols_stay(store: AlertStore) -> None:
    begin(store, rule({"kind": "price", "symbol": "IBM", "above": 1}))
    assert Evaluator(store).evaluate(closes(2)) == 0
    assert Evaluator(store).evaluate([SeenRun("bob", "a", "failed", OPEN)]) == 0


def test_quiet_alert_goes_to_the_browser_and_the_webhook_but_not_by_email() -> None:
    hours = {"timeZone": "UTC", "quietHours": {"begin": "14:00", "end": "15:00"}}
    of = rule(price(above=1), hours, channels=["browser", "email", "webhook"], webhookUrl="https://x.example/y")
    (firing,) = fold(of, closes(2))[1]
    kept = recorded(firing)
    assert (kept.channels, kept.alert.quiet) == (("browser", "webhook"), True)


def test_alert_carries_the_numbers_and_the_note() -> None:
    (firing,) = fold(rule(price(above=10), note="Sell half."), closes(11))[1]
    kept = recorded(firing).alert
    assert kept.title == "GOOG above 10.00"
    assert kept.text == (
        "GOOG closed at 11.00, between 11.00 and 11.00, in the minute to 2026-01-30 14:31 UTC. Sell half."
    )
    assert kept.at == int(datetime(2026, 1, 30, 14, 31, tzinfo=UTC).timestamp() * 1_000)
