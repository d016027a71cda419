"""Random instances of a JSON Schema, as of a client that knows nothing but the schema."""

from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Fields = dict[str, st.SearchStrategy[Any]]

_DAYS = st.dates(date(2000, 1, 1), date(2013, 3, 1)).map(date.isoformat)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def instances(schema: Json, name: str) -> st.SearchStrategy[Any]:
    """Return the instances of the definition `name` of `schema`."""
    return _Instances(schema["$defs"]).of({"$ref": f"#/$defs/{name}"})


class _Instances:
    """Generates instances of the parts of JSON Schema that the protocol uses; others are an error."""

    def __init__(self, definitions: Json) -> None:
        self._definitions = definitions

    def of(self, node: Json) -> st.SearchStrategy[Any]:
        match node:
            case {"$ref": reference}:
                return self.of(self._definitions[reference.removeprefix("#/$defs/")])
            case {"anyOf": options}:
                return st.one_of([self.of(option) for option in options])
            case {"const": value}:
                return st.just(value)
            case {"enum": values}:
                return st.sampled_from(values)
        by_type: dict[str, Callable[[Json], st.SearchStrategy[Any]]] = {
            "object": self._object,
            "array": self._array,
            "string": _string,
            "integer": _integer,
            "number": _number,
            "boolean": lambda _node: st.booleans(),
            "null": lambda _node: st.none(),
        }
        return by_type[node["type"]](node)

    def _object(self, node: Json) -> st.SearchStrategy[Json]:
        if "additionalProperties" in node:
            return st.dictionaries(_TEXTS, self.of(node["additionalProperties"]), max_size=3)
        fields = {name: self.of(field) for name, field in node["properties"].items()}
        required = {name: fields[name] for name in node.get("required", ())}
        # Few of the optional fields at once, since some of them exclude each other.
        optional = {name: field for name, field in fields.items() if name not in required}
        return _some_of(required, optional) if optional else st.fixed_dictionaries(required)

    def _array(self, node: Json) -> st.SearchStrategy[list[Any]]:
        if "prefixItems" in node:
            return st.tuples(*map(self.of, node["prefixItems"])).map(list)
        return st.lists(
            self.of(node["items"]), min_size=node.get("minItems", 0), max_size=min(3, node.get("maxItems", 3))
        )


@st.composite
def _some_of(draw: st.DrawFn, required: Fields, optional: Fields) -> Json:
    """Draw field by field: a strategy of each choice of fields would be built anew for each example."""
    names = draw(st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True))
    return {name: draw(field) for name, field in (required | {name: optional[name] for name in names}).items()}


def _string(node: Json) -> st.SearchStrategy[str]:
    if node.get("format") == "date":
        return _DAYS
    if "examples" in node:
        return st.sampled_from(node["examples"])
    if "pattern" in node:
        # `$` of Python lets a line feed follow.
        matching = st.from_regex(node["pattern"].removesuffix("$") + r"\Z", alphabet=st.characters(codec="ascii"))
        return matching.filter(lambda text: len(text) <= node.get("maxLength", len(text)))
    return st.text(
        st.characters(exclude_categories=["Cs"]), min_size=node.get("minLength", 0), max_size=node.get("maxLength", 12)
    )


def _integer(node: Json) -> st.SearchStrategy[int]:
    return st.integers(node.get("minimum", -(10**15)), node.get("maximum", 10**15))


def _number(node: Json) -> st.SearchStrategy[float]:
    least, most = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
    return st.floats(
        least,
        most,
        exclude_min="exclusiveMinimum" in node,
        exclude_max="exclusiveMaximum" in node,
        allow_nan=False,
        allow_infinity=False,
    )
