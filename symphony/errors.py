"""Every error that Symphony raises, in one tree whose branches say who must act.

SymphonyError
├── MelodyError              the author of the melody
│   ├── CompileError           the melody does not compile; carries all diagnostics
│   ├── TracingError           a Python melody did something that only a running task can do
│   ├── ExpressionError        text inside ``${{ }}`` does not parse or cannot be evaluated
│   └── ParameterError         a parameter of the run is missing, unknown or of the wrong type
├── PlayerError              the author of the player
│   ├── PlayerDefinitionError  the decorated function cannot be a player
│   ├── PlayerResultError      what the body returned does not fit what it declares
│   └── CodecError             a value cannot be kept so that it comes back equal
├── UsageError               the person at the command line: an unknown run, name or option
│   └── ConfigurationError     a file or variable of settings is wrong; names the file, the line and the key
├── RefusedError             asked for, understood, and not allowed now (plan out of date, run owned elsewhere)
├── SurroundingsError        whoever runs the machine: disk full, executor missing, store unreadable
│   ├── StoreError             the store cannot read or write
│   │   └── DamagedArtifactError  bytes do not match their name; quarantined, never served
│   └── MissingExtraError      an optional part is not installed; names the command that installs it
└── InternalError            Symphony itself: please report it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symphony.model.diagnostic import Diagnostic


class SymphonyError(Exception):
    """The root of the tree. ``exit_code`` is what the command line ends with."""

    exit_code: int = 1


class MelodyError(SymphonyError):
    """The author of the melody must act."""

    exit_code = 2


class CompileError(MelodyError):
    """A melody does not compile. ``diagnostics`` holds every problem found, in the order of the file."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.one_line() for d in self.diagnostics) or "the melody does not compile")


class TracingError(MelodyError):
    """The body of a Python melody did something with a reference that only a running task can do."""


class ExpressionError(MelodyError):
    """An expression does not parse or cannot be evaluated.

    Attributes:
        offset: where in the expression text, in characters from 0.
        length: how many characters the problem covers, at least 1.
        code: the diagnostic code that fits, such as ``SYM140``.
        hint: what to do, or an empty string.
    """

    def __init__(self, message: str, *, offset: int = 0, length: int = 1, code: str = "SYM140", hint: str = "") -> None:
        self.offset, self.length, self.code, self.hint = offset, max(1, length), code, hint
        super().__init__(message)


class ParameterError(MelodyError):
    """A parameter of a run is missing, unknown, out of bounds or of the wrong type."""


class PlayerError(SymphonyError):
    """The author of the player must act."""


class PlayerDefinitionError(PlayerError):
    """A decorated function cannot be a player: ``*args``, an unresolvable annotation, a bad option."""

    exit_code = 2


class PlayerResultError(PlayerError):
    """What a body returned does not fit its declared outputs."""


class CodecError(PlayerError):
    """A value cannot be kept so that it comes back equal; names the codec and the type."""


class UsageError(SymphonyError):
    """The call is wrong: an unknown run, task, output or option."""

    exit_code = 2


class ConfigurationError(UsageError):
    """Settings are wrong: an unknown key, a value of the wrong type, an environment that is not there."""


class RefusedError(SymphonyError):
    """Understood and not allowed now: the plan is out of date, ``--check`` differs, the run is owned elsewhere."""

    exit_code = 3


class LostRunError(RefusedError):
    """Another process has taken over the run that this one owned. Nothing more of it is written from here."""


class SurroundingsError(SymphonyError):
    """The surroundings fail: disk full, read-only folder, executor unreachable."""

    exit_code = 4


class StoreError(SurroundingsError):
    """The store cannot read or write; the message names the path."""


class DamagedArtifactError(StoreError):
    """Bytes do not match the digest they are named by. They were quarantined and are never served.

    Attributes:
        digest: the name that the bytes should have had.
    """

    def __init__(self, digest: str, message: str) -> None:
        self.digest = digest
        super().__init__(message)


class MissingExtraError(SurroundingsError):
    """An optional part is not installed; the message holds the exact install command."""

    def __init__(self, part: str, extra: str) -> None:
        self.part, self.extra = part, extra
        super().__init__(f"{part} is not installed. Install it with: pip install 'symphony[{extra}]'")


class InternalError(SymphonyError):
    """A fault of Symphony itself."""

    exit_code = 70
