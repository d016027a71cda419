"""The registry: providers by name, what is missing to build one, and what importing it loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from tickfold.errors import RunError
from tickfold.market_data.providers.failures import KeyMissingError
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.registry import BUILDERS, KEY_FIELDS, Keys, ProviderSettings, build

KEYS = Keys(
    {"alpaca": {"key_id": "k1", "secret_key": "s1"}, "alpha_vantage": {"key": "k2"}},
    schwab_token=lambda: "t",
)


@pytest.mark.parametrize("name", BUILDERS)
def test_build_returns_the_provider_of_the_name(name: str, tmp_path: Path) -> None:
    settings = ProviderSettings(path=tmp_path)
    assert build(name, settings, KEYS, Http()).name == name


def test_build_of_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(RunError, match="'polygon' is not a provider; expected one of alpaca, alpha_vantage, schwab"):
        build("polygon", ProviderSettings(), KEYS, Http())


@pytest.mark.parametrize(
    ("name", "keys", "command"),
    [
        ("alpaca", Keys({}), "tickfold data keys set alpaca"),
        ("alpaca", Keys({"alpaca": {"key_id": "k1", "secret_key": ""}}), "tickfold data keys set alpaca"),
        ("alpha_vantage", Keys({}), "tickfold data keys set alpha_vantage"),
        ("schwab", Keys({}), "tickfold auth schwab"),
    ],
)
def test_build_without_a_key_says_how_to_store_one(name: str, keys: Keys, command: str) -> None:
    with pytest.raises(KeyMissingError, match=f"run `{command}`"):
        build(name, ProviderSettings(), keys, Http())


def test_key_that_was_pasted_with_a_line_end_is_whole() -> None:
    assert Keys({"alpha_vantage": {"key": " k2\n"}}).field("alpha_vantage", "key") == "k2"
    with pytest.raises(KeyMissingError):
        Keys({"alpha_vantage": {"key": " \n"}}).field("alpha_vantage", "key")


def test_build_of_files_needs_a_path() -> None:
    with pytest.raises(RunError, match="setting path"):
        build("files", ProviderSettings(), KEYS, Http())


def test_build_refuses_a_base_url_that_is_none() -> None:
    with pytest.raises(RunError, match="base URL"):
        build("yahoo", ProviderSettings(base_url="query1.finance.yahoo.com"), KEYS, Http())


def test_key_fields_are_those_of_the_providers_with_keys() -> None:
    assert set(KEY_FIELDS) == set(BUILDERS) - {"yahoo", "files"}


def test_keys_show_the_providers_alone() -> None:
    assert repr(KEYS) == "Keys(alpaca, alpha_vantage)"


def test_registry_loads_neither_arrow_nor_aws() -> None:
    code = (
        "import sys, tickfold.market_data.providers.registry; print({'boto3', 'pyarrow', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
