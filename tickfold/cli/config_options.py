"""The options of `run` and `sweep`, derived from the protocol's configs: a field is written once, there."""

from collections.abc import Callable, Collection, Mapping
from inspect import Parameter, Signature, signature
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from tickfold import protocol
from tickfold.cli.command_option import command_options
from tickfold.cli.exit_codes import UsageError
from tickfold.protocol.field_option import place, spelled
from tickfold.protocol.validation import explain
from tickfold.protocol.wire import Wire

Config = TypeVar("Config", bound=Wire)


class ConfigOptions(Generic[Config]):
    """The options of a command that sends a config of one kind."""

    def __init__(self, model: type[Config], required: Collection[str] = (), without: Collection[str] = ()) -> None:
        """Derive the options; `required` names fields that have a default in requests and none here.

        Of the fields `without`, the command itself gives what is needed.
        """
        self._model = model
        self._required = required
        self.options = [each for each in command_options(model) if each.name not in without]

    def on(self, command: Callable[..., None]) -> Callable[..., None]:
        """Give `command`, which takes them by name, the options before its own."""
        written = [each for each in signature(command).parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        arguments = [each for each in written if each.kind is not Parameter.KEYWORD_ONLY]
        own = [each for each in written if each.kind is Parameter.KEYWORD_ONLY]
        derived = [each.parameter(required=each.name in self._required) for each in self.options]
        # What Typer reads, as it would the signature of a command that has written out all of them.
        command.__signature__ = Signature([*arguments, *derived, *own])  # type: ignore[attr-defined]
        return command

    def request(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the config that the options ask for, as a request has it; what was left out is not in it."""
        return place((option, option.value(given[option.name])) for option in self.options)

    def config(self, request: Mapping[str, Any]) -> Config:
        """Validate a request's config.

        Raises:
            UsageError: a value is wrong; the message names its option.
        """
        try:
            return self._model.model_validate(request)
        except ValidationError as error:
            raise UsageError(self.with_flags(explain(error, without=protocol.TAGS))) from None

    def with_flags(self, text: str) -> str:
        """Return an error's `text` with the flags of options for the names of fields."""
        return spelled(text, self.options, lambda option: option.flag.partition("/")[0])
