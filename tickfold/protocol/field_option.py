"""The option of a field: its place in a request, its name, and what the field and the `Option` beside it say of it.

The options of commands and the keywords of Python functions are both made from these.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge
from pydantic.fields import FieldInfo

from tickfold.protocol.option import Option, Panel
from tickfold.protocol.wire import Wire

_PANELS = get_args(Panel)


@dataclass(frozen=True)
class FieldOption:
    """The option of one field: `path` is the field's place in the request, `name` the field's own, with its model's."""

    path: tuple[str, ...]
    name: str
    flag: str
    kind: Any
    field: FieldInfo
    option: Option
    least: int | None = None

    @property
    def keyword(self) -> str:
        """The name of the option as a keyword of a Python function: that of the flag."""
        return self.flag.partition("/")[0].removeprefix("--").replace("-", "_")

    @property
    def names(self) -> list[str]:
        """The dotted names of the field and of the fields in it, as an error about them has them."""
        inner = self.kind.model_fields.values() if is_model(self.kind) else ()
        own = ".".join(self.path)
        return [*(f"{own}.{each.alias}" for each in inner), own]

    @property
    def default(self) -> Any:
        """The value without the option; `...` if there is none."""
        if self.option.default is not ...:
            return self.option.default
        return ... if self.field.is_required() else self.field.get_default(call_default_factory=True)


def field_options(model: type[Wire]) -> list[FieldOption]:
    """Return the options of a config's fields, by panel. A model inside has an option, or else its fields have."""
    found = list(_options(model))
    return sorted(found, key=lambda each: _PANELS.index(each.option.panel) if each.option.panel else len(_PANELS))


def place(values: Iterable[tuple[FieldOption, Any]]) -> dict[str, Any]:
    """Return the config that options with `values` ask for, as a request has it; None leaves an option out."""
    config: dict[str, Any] = {}
    for option, value in values:
        if value is None:
            continue
        inside = config
        for name in option.path[:-1]:
            inside = inside.setdefault(name, {})
        inside[option.path[-1]] = value
    return config


def spelled(text: str, options: Iterable[FieldOption], spelling: Callable[[FieldOption], str]) -> str:
    """Return an error's `text` with the names of fields as whoever reads it has written them."""
    known = {name: spelling(each) for each in options for name in each.names}
    # With the place in a list of symbols, where it is one: the value that follows says which is meant.
    names = re.compile(rf"\b({'|'.join(re.escape(name) for name in known)})\b(\.\d+(\.\w+)?)?")
    return names.sub(lambda name: known[name[1]], text)


def is_model(kind: Any) -> bool:
    """Return whether `kind` is an object on the wire."""
    return isinstance(kind, type) and issubclass(kind, Wire)


def _options(model: type[Wire], above: FieldOption | None = None) -> Iterator[FieldOption]:
    for name, field in model.model_fields.items():
        one = _option(name, field, above)
        if is_model(one.kind) and not one.option.form:
            yield from _options(one.kind, one)
        else:
            yield one


def _option(name: str, field: FieldInfo, above: FieldOption | None) -> FieldOption:
    kind, metadata = _unwrapped(field.annotation)
    metadata = [*metadata, *field.metadata]
    option = reduce(_merged, (each for each in metadata if isinstance(each, Option)), Option())
    if above:
        name, option = f"{above.name}_{name}", replace(option, panel=option.panel or above.option.panel)
    path = (*(above.path if above else ()), field.alias or name)
    least = next((each.ge for each in metadata if isinstance(each, Ge)), None) if kind is int else None
    flag = option.flag or f"--{name.replace('_', '-')}"
    return FieldOption(path, name, flag, kind, field, option, least if isinstance(least, int) else None)


def _merged(before: Option, after: Option) -> Option:
    said = {name: value for name, value in vars(after).items() if value != getattr(Option, name)}
    return replace(before, **said)


def _unwrapped(annotation: Any) -> tuple[Any, list[Any]]:
    """Return a type without `Annotated` and `| None`, and the metadata that these carried, that of `Field` included."""
    metadata: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += chain.from_iterable(each.metadata if isinstance(each, FieldInfo) else [each] for each in more)
            continue
        inner = [each for each in get_args(annotation) if each is not NoneType]
        if get_origin(annotation) not in (Union, UnionType) or len(inner) > 1:
            return annotation, metadata
        (annotation,) = inner
