"""Writes down what a shell can complete of every command, so that completing loads none of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from symphony.cli.program import app
from symphony.define.generated_files import write_or_check

FILE = Path(__file__).with_name("completion_table.json")
_BY_NAME = {
    "file": "melody", "files": "melody", "before": "melody", "after": "melody", "executor": "executor", "env": "environment",
    "name": "player", "identity": "player", "shell": "bash|zsh|fish",
}  # fmt: skip
"""What stands for a value, by the name of the parameter."""
_BY_METAVAR = {
    "MELODY": "melody", "RUN": "run", "TASK": "task", "WHAT": "task", "FILE": "file", "PATH": "file", "DIR": "folder",
}  # fmt: skip
"""The same by its word in the help. A word with ``|`` lists the values itself."""


def table() -> dict[str, Any]:
    """The commands with their arguments and options, as plain data."""
    return _of_group(typer.main.get_command(app))


def text() -> str:
    """The table as it stands in its file."""
    return json.dumps(table(), indent=1, ensure_ascii=False) + "\n"


def _of_group(group: Any) -> dict[str, Any]:
    names = group.list_commands(None)
    return {**_of_command(group), "commands": {name: _of_any(group.get_command(None, name)) for name in names}}


def _of_any(command: Any) -> dict[str, Any]:
    return _of_group(command) if hasattr(command, "list_commands") else _of_command(command)


def _of_command(command: Any) -> dict[str, Any]:
    options = [p for p in command.params if p.opts[0].startswith("-") and not p.hidden]
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    return {
        "help": _first_sentence(command.help or ""),
        "arguments": [_kind(p) for p in arguments],
        "rest": any(p.nargs == -1 for p in arguments),
        "options": [_option(p) for p in options],
    }


def _option(parameter: Any) -> dict[str, Any]:
    return {
        "names": [*parameter.opts, *parameter.secondary_opts],
        "value": None if parameter.is_flag else _kind(parameter),
        "repeat": bool(parameter.multiple),
        "help": _first_sentence(parameter.help or ""),
    }


def _kind(parameter: Any) -> str:
    word = str(parameter.metavar or "")
    if parameter.name in _BY_NAME and "|" not in word and word != "NAME=VALUE":
        return _BY_NAME[parameter.name]
    return word if "|" in word else _BY_METAVAR.get(word, "")


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def main(arguments: list[str]) -> int:
    """``python -m symphony.cli.completion_export [--check]``: write the table, or say whether it is fresh."""
    return write_or_check({FILE: text()}, arguments, command="symphony.cli.completion_export")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
