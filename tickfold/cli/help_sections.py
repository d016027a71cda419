"""The help of a command as plain text, with its options under the headings of their panels."""

from collections import defaultdict
from typing import Any

import typer
from typer.core import TyperCommand

WIDTH = 110
"""Columns of help in a terminal that is wider."""


class SectionedCommand(TyperCommand):
    """A command whose help lists the options of each panel under a heading of its own."""

    def format_help_text(self, _ctx: Any, formatter: Any) -> None:
        """Write the description, examples as they are: a command that is wrapped cannot be copied."""
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in (self.help or "").split("\n\n"):
                formatter.write_text(f"\b\n{paragraph}" if paragraph.startswith("Example:") else paragraph)
                formatter.write_paragraph()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, those without a panel last."""
        sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for each in sorted(self.get_params(ctx), key=lambda each: self._heading(each) == "Options"):
            if (row := each.get_help_record(ctx)) is not None:
                sections[self._heading(each)].append(row)
        for heading, rows in sections.items():
            with formatter.section(typer.style(heading, bold=True)):
                formatter.write_dl(rows)

    @staticmethod
    def _heading(parameter: Any) -> str:
        panel: str | None = getattr(parameter, "rich_help_panel", None)
        return panel or ("Arguments" if parameter.param_type_name == "argument" else "Options")
