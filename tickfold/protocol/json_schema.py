"""JSON Schemas of the protocol's models as they are published."""

from typing import Any


def readable(node: Any) -> Any:
    """Return `node` without pydantic's titles, and with `anyOf` for `oneOf`.

    More than one alternative may match: a sweep's config with one value per parameter is also a backtest's.
    """
    if isinstance(node, list):
        return [readable(each) for each in node]
    if not isinstance(node, dict):
        return node
    renamed = {"anyOf" if key == "oneOf" else key: value for key, value in node.items() if key != "discriminator"}
    return {key: readable(value) for key, value in renamed.items() if not (key == "title" and isinstance(value, str))}
