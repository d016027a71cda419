"""How a field is given on the command line, stated beside the field; nothing here depends on the command line."""

from dataclasses import dataclass
from typing import Any, Literal

Panel = Literal["Bars", "Strategy", "Sweep", "Orders", "Money"]
"""The groups of options in `--help`, in their order."""


@dataclass(frozen=True)
class Option:
    """What the option of a field has that the field itself does not say; of several the last one counts.

    `flag` is its name, if that is not the field's; `form` names the way in which a value is written, such as FRACTION;
    `default` and `left_out` (what takes its place without the option) are for a field that only requests must have.
    """

    flag: str = ""
    panel: Panel | None = None
    form: str = ""
    default: Any = ...
    left_out: str = ""
