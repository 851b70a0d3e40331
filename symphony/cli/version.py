"""The version of the program."""

from __future__ import annotations

from symphony import __version__ as VERSION

__all__ = ["VERSION"]
