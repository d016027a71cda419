"""The numbers in a config: fractions, which may be written as `0.5%` or `5bp`, counts of bars, and dollars."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tickfold.protocol.option import Option

_UNIT_PATTERN = r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|bps?)\s*"


def _from_percent_or_basis_points(value: Any) -> Any:
    """Return 0.0005 for `5bp` and `0.05%`; leave anything else to the field's own validation."""
    match = re.fullmatch(_UNIT_PATTERN, value) if isinstance(value, str) else None
    return float(match[1]) / (100 if match[2] == "%" else 10_000) if match else value


_WithUnit = Annotated[str, Field(pattern=r"^\s*(\d+(\.\d*)?|\.\d+)\s*(%|bps?)\s*$", examples=["0.5%", "5bp"])]
_Fraction = Annotated[float, Field(ge=0, lt=1)]
_Distance = Annotated[float, Field(gt=0, lt=1)]
_Multiple = Annotated[float, Field(gt=0, le=1_000)]

_FRACTION = Option(form="FRACTION")

Fraction = Annotated[
    _Fraction, BeforeValidator(_from_percent_or_basis_points, json_schema_input_type=_Fraction | _WithUnit), _FRACTION
]
Distance = Annotated[
    _Distance, BeforeValidator(_from_percent_or_basis_points, json_schema_input_type=_Distance | _WithUnit), _FRACTION
]
"""A fraction above 0, as of a stop below a price."""
Multiple = Annotated[
    _Multiple, BeforeValidator(_from_percent_or_basis_points, json_schema_input_type=_Multiple | _WithUnit), _FRACTION
]
"""A fraction above 0 that may exceed 1, as of a profit."""
BarCount = Annotated[int, Field(ge=1, le=1_000_000_000), Option(form="BARS")]
Dollars = Annotated[float, Field(ge=0, le=1_000_000_000), Option(form="DOLLARS")]
