"""An identity on its way from the authorizer to the functions behind it."""

import pytest

from tickfold.identity.user import MOST_PORTFOLIOS, Identity

AUTHORIZER_RESULT_LIMIT = 8_192


@pytest.mark.parametrize("portfolios", [(), ("growth",), ("growth", "income")])
def test_an_identity_survives_the_authorizers_context(portfolios: tuple[str, ...]) -> None:
    identity = Identity("auth0|ada", portfolios, 1_900_000_000)
    context = identity.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert Identity.of({"authorizer": context | {"principalId": "auth0|ada", "integrationLatency": 7}}) == identity


def test_the_longest_identity_fits_what_api_gateway_hands_on() -> None:
    portfolios = tuple(f"{number:064}" for number in range(MOST_PORTFOLIOS))
    context = Identity("s" * 255, portfolios, 1_900_000_000).to_context()
    assert sum(len(name) + len(value) for name, value in context.items()) < AUTHORIZER_RESULT_LIMIT - 1_000


def test_a_request_that_no_authorizer_has_let_in_has_no_identity() -> None:
    with pytest.raises(KeyError):
        Identity.of({"connectionId": "c="})
