"""A Keycloak with one realm, and a stack that trusts it."""

import os
from collections.abc import Iterator

import pytest

from embedded.stack import EmbeddedStack
from functions import settings
from tests.issuers.realm import FILE, Realm
from tests.tools.needed import needed
from tickfold.identity.keys import KeySet
from tickfold.identity.token_verifier import TokenVerifier
from tools.jdk import find_jdk
from tools.keycloak.distribution import fetch
from tools.keycloak.server import Keycloak

AUDIENCE = "tickfold"
AUTHORIZER = "tickfold-embedded-authorize"
OLDEST_JDK = 17


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out, unless it is asked for."""
    return None if config.getoption("--issuers") else True


@pytest.fixture(scope="session")
def realm() -> Iterator[Realm]:
    """The realm. Without JDK or Maven there is nothing to test, which CI takes for a failure."""
    with needed("No real issuer was tried; skipped."):
        jdk = find_jdk("Keycloak", OLDEST_JDK)
        archive = fetch(jdk)
    with Keycloak(archive, jdk, [FILE]) as keycloak:
        yield Realm(keycloak)


@pytest.fixture
def verifier(realm: Realm) -> TokenVerifier:
    """A verifier that has seen no key yet."""
    return verifier_for(realm, AUDIENCE)


def verifier_for(realm: Realm, audience: str) -> TokenVerifier:
    return TokenVerifier(KeySet(realm.issuer), issuer=realm.issuer, audience=audience, portfolios_claim="portfolios")


@pytest.fixture
def trusting(stack: EmbeddedStack, realm: Realm) -> EmbeddedStack:
    """The stack, whose authorizer trusts Keycloak instead of the stack's own issuer, and has seen no key yet."""
    functions = stack.client("lambda")
    variables = functions.get_function_configuration(FunctionName=AUTHORIZER)["Environment"]["Variables"]
    trust = {settings.ISSUER: realm.issuer, settings.AUDIENCE: AUDIENCE}
    functions.update_function_configuration(FunctionName=AUTHORIZER, Environment={"Variables": variables | trust})
    version = functions.publish_version(FunctionName=AUTHORIZER, Description=os.urandom(4).hex())["Version"]
    functions.update_alias(FunctionName=AUTHORIZER, Name="live", FunctionVersion=version)
    return stack
