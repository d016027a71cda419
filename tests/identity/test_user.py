"""Users in the authorizer's context."""

import pytest

from tickfold.identity.user import MOST_PORTFOLIOS, User

AUTHORIZER_RESULT_LIMIT = 8_192


@pytest.mark.parametrize("portfolios", [(), ("growth",), ("growth", "income")])
def test_user_round_trips_through_the_authorizer_context(portfolios: tuple[str, ...]) -> None:
    identity = User("auth0|ada", portfolios, 1_900_000_000)
    context = identity.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert User.of({"authorizer": context | {"principalId": "auth0|ada", "integrationLatency": 7}}) == identity


def test_largest_user_fits_the_authorizer_context() -> None:
    portfolios = tuple(f"{number:064}" for number in range(MOST_PORTFOLIOS))
    context = User("s" * 255, portfolios, 1_900_000_000).to_context()
    assert sum(len(name) + len(value) for name, value in context.items()) < AUTHORIZER_RESULT_LIMIT - 1_000


def test_request_without_authorizer_has_no_user() -> None:
    with pytest.raises(KeyError):
        User.of({"connectionId": "c="})
