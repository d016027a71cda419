"""The few pieces of HTML that the page is put together from. Whatever is text is escaped here."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple


class Cell(NamedTuple):
    """A cell of a table with a class, such as gain or loss, or a style."""

    text: str
    kind: str = ""
    style: str = ""


def element(tag: str, text: str, kind: str = "") -> str:
    """Return an element that holds `text`."""
    return f"<{tag}{_attribute('class', kind)}>{escape(text)}</{tag}>"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell | str]], kind: str = "") -> str:
    """Return a table whose first column names its rows; it scrolls sideways where it does not fit."""
    top = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(f"<tr>{_row([cell if isinstance(cell, Cell) else Cell(cell) for cell in row])}</tr>" for row in rows)
    thead = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f'<div class="wide"><table{_attribute("class", kind)}>{thead}<tbody>{body}</tbody></table></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and what they stand for, in a line that wraps."""
    inner = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs)
    return f'<dl class="facts">{inner}</dl>'


def data(identifier: str, value: Any) -> str:
    """Return a script element that holds `value` as JSON and is not run; no text in it can end the element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{escape(identifier)}">{text}</script>'


def _row(cells: Sequence[Cell]) -> str:
    first, *others = cells
    return f'<th scope="row"{_shown(first)}>{escape(first.text)}</th>' + "".join(
        f"<td{_shown(cell)}>{escape(cell.text)}</td>" for cell in others
    )


def _shown(cell: Cell) -> str:
    return _attribute("class", cell.kind) + _attribute("style", cell.style)


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"' if value else ""
