"""A command whose options take the defaults that `tickfold.toml` gives them."""

from typing import Any

import typer

from tickfold.cli.config_file import SHARED, Setting, read_settings
from tickfold.cli.help_sections import SectionedCommand
from tickfold.cli.option_defaults import as_written, check_tables, keys_of, refused, settings_for


class ConfiguredCommand(SectionedCommand):
    """Takes defaults from `tickfold.toml`: after the command line and the environment, before the option's own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            ConfigError: a file cannot be used, or has a value that the option does not take.
        """
        chosen: dict[str, Setting] = {}
        if not ctx.resilient_parsing and not {*ctx.help_option_names} & {*args}:
            chosen = self._settings(ctx)
            options = {each.name: each for each in self.params}
            ctx.default_map = {name: as_written(setting, options[name]) for name, setting in chosen.items()}
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            name = getattr(error.param, "name", None)
            if name in chosen and ctx.get_parameter_source(name).name == "DEFAULT_MAP":
                raise refused(chosen[name], error) from None
            raise

    def _settings(self, ctx: Any) -> dict[str, Setting]:
        found = read_settings()
        if not found:
            return {}
        root = ctx.find_root()
        check_tables(found.values(), root.command.list_commands(root))
        name = ctx.command_path.partition(" ")[2]
        shared = any("." not in key for key in found) and name in SHARED
        return settings_for(name, self, shared_keys(root.command) if shared else {})


def shared_keys(group: Any) -> dict[str, Any]:
    """Return the options of `run`, `sweep` and `backtest` by key, of the group that has them."""
    return {key: option for name in SHARED for key, option in keys_of(group.loaded(name)).items()}
