"""What the modules import: functions and commands that need no large library do not wait for one."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("tickfold.protocol", "pyarrow"),
        ("tickfold.protocol", "botocore"),
        ("tickfold.engine.timeframe", "pydantic"),
        ("tickfold.market_data.series", "pyarrow"),
        ("tickfold.market_data.series_catalog", "pyarrow"),
        ("tickfold.market_data.bar_store", "pandas"),
        ("tickfold.market_data.bar_file", "pandas"),
        ("tickfold.market_data.exchange_calendar", "pandas"),
        ("tickfold.market_data.exchange_calendar", "pyarrow"),
        ("tickfold.market_data.exchange_calendar", "pydantic"),
        ("tickfold.market_data.exchange_calendar", "zoneinfo"),
        ("tickfold.market_data.quality", "pandas"),
        ("tickfold.market_data.quality", "pyarrow"),
    ],
)
def test_module_does_not_import_library(module: str, library: str) -> None:
    check = f"import sys, {module}; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
