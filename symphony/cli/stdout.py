"""Names stdout, and where it leads, in the errors of writing to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def named_stdout() -> Iterator[None]:
    """Let an error of writing to stdout say so; what stdout still holds is dropped.

    Raises:
        BrokenPipeError: whoever read the output is gone; as it came.
        OSError: stdout takes no more; its file name is ``stdout (/the/file)``.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        named = OSError(error.errno, error.strerror or str(error), f"stdout{_target()}")
        drop_stdout()
        raise named from error


def drop_stdout() -> None:
    """Lead stdout nowhere, so that ending the program does not fail to write a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _target() -> str:
    try:
        return f" ({os.readlink('/proc/self/fd/1')})"
    except OSError:  # only Linux tells
        return ""
