"""The option of a field: what the field says of itself, and the `Option` beside it, as typer takes it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from inspect import Parameter
from itertools import chain
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from annotated_types import Ge
from pydantic.fields import FieldInfo

from tickfold.cli.forms import FORMS, Form
from tickfold.protocol.option import Option, Panel
from tickfold.protocol.wire import Wire

_PANELS = get_args(Panel)


@dataclass(frozen=True)
class FieldOption:
    """The option of one field: `path` is the field's place in the request, `name` the parameter's in the command."""

    path: tuple[str, ...]
    name: str
    flag: str
    kind: Any
    field: FieldInfo
    option: Option
    least: int | None = None

    @property
    def form(self) -> Form | None:
        return FORMS.get(self.option.form)

    @property
    def names(self) -> list[str]:
        """The dotted names of the field and of the fields in it, as an error about them has them."""
        inner = self.kind.model_fields.values() if _is_model(self.kind) else ()
        own = ".".join(self.path)
        return [*(f"{own}.{each.alias}" for each in inner), own]

    def parameter(self, *, required: bool = False) -> Parameter:
        """Return the command's parameter from which typer makes the option."""
        kind, default = self._kind(), Parameter.empty if required else self._default()
        written = typer.Option(
            self.flag,
            help=self._help(),
            metavar=self.option.form or None,
            rich_help_panel=self.option.panel,
            min=self.least,
            parser=self.form.parse if self.form else None,
            callback=self._check if self.form and self.form.gather else None,
        )
        if default is None:
            kind = kind | None
        return Parameter(self.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, written])

    def value(self, given: Any) -> Any:
        """Return the field's value from what typer gives the command."""
        return self.form.gather(given) if self.form and self.form.gather else given

    def _check(self, given: Any) -> Any:
        self.value(given)  # here, so that typer's error names the option
        return given

    def _kind(self) -> Any:
        if self.form is None:
            return self.kind
        # Whatever the form's parser makes of it, and what typer shows of a default is its text.
        return list[Any] if self.form.gather else str

    def _default(self) -> Any:
        stated = self.option.default is not ...
        if not stated and self.field.is_required():
            return Parameter.empty
        if self.form and self.form.gather:
            return None
        return self.option.default if stated else self.field.get_default(call_default_factory=True)

    def _help(self) -> str:
        if self.form and self.form.help:
            return self.form.help
        left_out = f"Default: {self.option.left_out}" if self.option.left_out else ""
        note = self.form.note if self.form else ""
        return " ".join(text for text in (self.field.description or "", note, left_out) if text)


def field_options(model: type[Wire]) -> list[FieldOption]:
    """Return the options of a config's fields, by panel.

    Raises:
        TypeError: a field's type has no form on the command line.
    """
    found = list(_options(model))
    return sorted(found, key=lambda each: _PANELS.index(each.option.panel) if each.option.panel else len(_PANELS))


def _options(model: type[Wire], above: FieldOption | None = None) -> Iterator[FieldOption]:
    for name, field in model.model_fields.items():
        one = _option(model, name, field, above)
        if _is_model(one.kind) and one.form is None:
            yield from _options(one.kind, one)
        else:
            yield one


def _option(model: type[Wire], name: str, field: FieldInfo, above: FieldOption | None) -> FieldOption:
    kind, metadata = _unwrapped(field.annotation)
    metadata = [*metadata, *field.metadata]
    option = reduce(_merged, (each for each in metadata if isinstance(each, Option)), Option())
    if above:
        name, option = f"{above.name}_{name}", replace(option, panel=option.panel or above.option.panel)
    path = (*(above.path if above else ()), field.alias or name)
    least = next((each.ge for each in metadata if isinstance(each, Ge)), None) if kind is int else None
    flag = option.flag or f"--{name.replace('_', '-')}"
    if not (option.form in FORMS or kind in (bool, float, int, str) or get_origin(kind) is Literal or _is_model(kind)):
        raise TypeError(
            f"{model.__name__}.{name} cannot be given on the command line: name a form in its Option, "
            "and add the form to tickfold/cli/forms.py"
        )
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


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Wire)
