"""Commands as in tests/cli, with the embedded stack for them to find."""

from tests.cli.conftest import alone, result, tickfold

__all__ = ["alone", "result", "tickfold"]
