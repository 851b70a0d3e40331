"""How a call can end badly besides by an error of its own body: elsewhere, by the death of its process, by a cancel."""

from __future__ import annotations

from typing import Any

from symphony.errors import SymphonyError


class OutcomeError(Exception):
    """An error that happened in another process, told by its document.

    Attributes:
        document: type, message and traceback, as `error_document` gives them.
        types: the names of its class and of the bases of that, nearest first.
    """

    def __init__(self, document: dict[str, Any], types: tuple[str, ...]) -> None:
        super().__init__(document.get("message", ""))
        self.document, self.types = document, types


class WorkerDiedError(OutcomeError):
    """The process of a call died, again and again. It is not tried any more."""


class LostError(Exception):
    """The process of a call died; it may be made again."""


class StoppedError(SymphonyError):
    """The run was cancelled while the call ran."""
