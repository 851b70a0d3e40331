"""Options that several commands share, and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symphony.errors import UsageError

if TYPE_CHECKING:
    from symphony.config.project import Project

Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON document on stdout.")]
State = Annotated[
    Path | None,
    typer.Option(
        "--state", "--state-dir", metavar="DIR", help="The state folder [default: $SYMPHONY_STATE, else .symphony]."
    ),
]
StateDir = Annotated[
    Path | None,
    typer.Option("--state-dir", metavar="DIR", help="The state folder [default: $SYMPHONY_STATE, else .symphony]."),
]
"""For commands whose --state is the state of runs."""
Env = Annotated[
    str | None,
    typer.Option("--env", metavar="NAME", help="The environment [default: $SYMPHONY_ENV, else as configured]."),
]
RunReference = Annotated[str, typer.Argument(metavar="RUN", help="A run: its id, a unique prefix, or 'last'.")]


def project_here(state: Path | None = None) -> Project:
    """Find the project around the current folder, with another state folder if one is given."""
    from symphony.config.project import find_project  # loaded by the commands that need it

    return find_project(Path.cwd(), state=state)


def project_of(melody: str, state: Path | None = None) -> Project:
    """Find the project around a melody or a plan; a shipped melody runs in the project around the current folder.

    Raises:
        UsageError: there is no such melody.
    """
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    return bootstrap.project_of(melody, state=state)


def store_of(project: Project) -> Any:
    """Open the project's store to look at it; where nothing was ever kept, nothing is made."""
    from symphony import bootstrap  # the engine; loaded by the commands that need it

    return bootstrap.open_store_to_look(project)


def parse_params(texts: list[str]) -> dict[str, str]:
    """Read ``name=value`` texts; the values stay text, the parameter's type reads them.

    Raises:
        UsageError: a text has no ``=`` or no name, or a name comes twice.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"-p {text!r} is not NAME=VALUE, as in -p top=20")
        if name in values:
            raise UsageError(f"-p {name} is given twice: {values[name]!r} and {value!r}")
        values[name] = value
    return values


def read_params(file: Path | None) -> dict[str, Any]:
    """Read a file of parameters, JSON or YAML: one mapping of names to values.

    Raises:
        UsageError: the file is not there or holds something else.
    """
    if file is None:
        return {}
    import yaml  # only when a file is given

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"--params {file}: there is no such file") from error
    except IsADirectoryError as error:
        raise UsageError(f"--params {file}: this is a folder; name a JSON or YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--params {file} is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise UsageError(
            f"--params {file}: expected a mapping of parameter names to values, found a {type(document).__name__}"
        )
    return document
