"""``symphony completion``: the script that teaches a shell to complete Symphony's words."""

from __future__ import annotations

from typing import Annotated

import typer

from symphony.cli.completion_scripts import SCRIPTS
from symphony.cli.terminal import write
from symphony.errors import UsageError
from symphony.model.names import did_you_mean


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")],
) -> None:
    """Print the script that a shell completes by.

    It completes commands, options and names. Its first lines say where to put it.
    For this shell only: source <(symphony completion bash)
    """
    if shell not in SCRIPTS:
        raise UsageError(f"no completion for {shell!r}: {did_you_mean(shell, SCRIPTS, what='shells')}")
    write(SCRIPTS[shell])
