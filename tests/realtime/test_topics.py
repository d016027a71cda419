"""The names of topics, which are keys of the table of subscriptions."""

from tickfold.realtime import topics


def test_topics_of_run_user_and_portfolio_differ() -> None:
    found = (topics.of_run("x"), topics.of_user("x"), topics.of_portfolio("x"))
    assert found == ("run#x", "user#x", "portfolio#x")
