"""Groups of commands: an unknown one is told the nearest."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from symphony.errors import UsageError
from symphony.model.names import did_you_mean


class CommandGroup(TyperGroup):
    """A group that names the commands it has."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Find a command.

        Raises:
            UsageError: there is no such command; names the nearest.
        """
        if cmd_name not in self.commands:
            path = f"{ctx.command_path} " if ctx is not None else ""
            near = did_you_mean(cmd_name, self.commands, what="commands", limit=30)
            raise UsageError(f"unknown command {path + cmd_name!r}: {near}")
        return super().get_command(ctx, cmd_name)


def command_group(help: str | None = None, *, no_args_is_help: bool = True) -> typer.Typer:
    """A group in the style of the program."""
    return typer.Typer(
        cls=CommandGroup, help=help, no_args_is_help=no_args_is_help, add_completion=False, rich_markup_mode=None
    )
