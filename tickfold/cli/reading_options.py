"""Options that state how to read a bar file, instead of leaving it to detection."""

from typing import Annotated

import typer

from tickfold.market_data.reading_options import Close, DateOrder, DecimalMark, TimeUnit

_PANEL = "How to read the file (detected if left out)"
_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "spaces": " "}


def separator(text: str) -> str:
    """Return `text`, or the name of a character, as the character that separates columns.

    Raises:
        BadParameter: it is not one character.
    """
    found = _SEPARATORS.get(text, text)
    if len(found) != 1 or found in "\"'\n\r" or found.isalnum():
        raise typer.BadParameter(f"{text!r} is not a separator: one character, or comma, semicolon, tab, pipe, spaces")
    return found


def column_names(text: str) -> tuple[str, ...]:
    """Return the names in `text`, which commas part.

    Raises:
        BadParameter: there is only one.
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) == 1:
        raise typer.BadParameter(f"{text!r} is one column: name them in order, such as date,open,high,low,close,volume")
    return names


Separator = Annotated[
    str | None,
    typer.Option(
        "--separator", parser=separator, metavar="CHAR", help="Of columns, such as ';' or tab.", rich_help_panel=_PANEL
    ),
]
Decimal = Annotated[
    DecimalMark | None,
    typer.Option("--decimal", help="Decimal mark; the other one parts thousands.", rich_help_panel=_PANEL),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Such as utf-8, cp1252, utf-16.", rich_help_panel=_PANEL),
]
Order = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="Order of day, month and year in dates.", rich_help_panel=_PANEL),
]
Unit = Annotated[
    TimeUnit | None, typer.Option("--time-unit", help="Unit of times that count from 1970.", rich_help_panel=_PANEL)
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="Of times without an offset, such as Europe/Berlin or -05:00; UTC if left out.",
        rich_help_panel=_PANEL,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="Of a file without a header, in order: date,open,high,low,close,volume. Other names are ignored.",
        rich_help_panel=_PANEL,
    ),
]
Closes = Annotated[
    Close | None,
    typer.Option("--close", help="Where Close and Adj Close differ; adjusted if left out.", rich_help_panel=_PANEL),
]
