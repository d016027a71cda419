"""The option of a field, as typer takes it."""

from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, Literal, get_origin

import typer

from tickfold.cli.forms import FORMS, Form
from tickfold.protocol.field_option import FieldOption, field_options
from tickfold.protocol.wire import Wire


@dataclass(frozen=True)
class CommandOption(FieldOption):
    """The option of one field; `name` is the parameter's in the command."""

    @property
    def form(self) -> Form | None:
        return FORMS.get(self.option.form)

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
            autocompletion=self.form.complete if self.form else None,
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
        default = self.default
        if default is ...:
            return Parameter.empty
        return None if self.form and self.form.gather else default

    def _help(self) -> str:
        if self.form and self.form.help:
            return self.form.help
        left_out = f"Default: {self.option.left_out}" if self.option.left_out else ""
        note = self.form.note if self.form else ""
        return " ".join(text for text in (self.field.description or "", note, left_out) if text)


def command_options(model: type[Wire]) -> list[CommandOption]:
    """Return the options of a config's fields, by panel.

    Raises:
        TypeError: a field's type has no form on the command line.
    """
    found = [CommandOption(**vars(each)) for each in field_options(model)]
    for each in found:
        if each.form or each.kind in (bool, float, int, str) or get_origin(each.kind) is Literal:
            continue
        raise TypeError(
            f"{model.__name__}.{each.name} cannot be given on the command line: name a form in its Option, "
            "and add the form to tickfold/cli/forms.py"
        )
    return found
