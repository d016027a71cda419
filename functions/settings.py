"""The environment variables through which a function learns what it was granted.

A component that grants a right also sets the variable that goes with it, so a name here that is missing at run time
means that the right is missing too.
"""

import os

BUCKET = "TICKFOLD_BUCKET"
CONNECTIONS_TABLE = "TICKFOLD_CONNECTIONS_TABLE"
SUBSCRIPTIONS_TABLE = "TICKFOLD_SUBSCRIPTIONS_TABLE"
RUNS_TABLE = "TICKFOLD_RUNS_TABLE"
USERS_TABLE = "TICKFOLD_USERS_TABLE"
RUNNING_LIMIT = "TICKFOLD_RUNNING_LIMIT"
DAILY_LIMIT = "TICKFOLD_DAILY_LIMIT"
CONNECTIONS_ENDPOINT = "TICKFOLD_CONNECTIONS_ENDPOINT"
STATE_MACHINE_ARN = "TICKFOLD_STATE_MACHINE_ARN"
WORKERS = "TICKFOLD_WORKERS"
ISSUER = "TICKFOLD_ISSUER"
AUDIENCE = "TICKFOLD_AUDIENCE"
PORTFOLIOS_CLAIM = "TICKFOLD_PORTFOLIOS_CLAIM"


class MissingEnvironmentError(RuntimeError):
    """A function was deployed without something that it uses."""


def require(name: str) -> str:
    """Return the value of the environment variable `name`.

    Raises:
        MissingEnvironmentError: it is unset or empty, which means that the function was not granted what it names.
    """
    value = os.environ.get(name, "")
    if not value:
        raise MissingEnvironmentError(f"{name} is not set: grant this function what it names, which also sets it")
    return value
