"""What may be asked of a task besides its work: retries, resources, isolation."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from symphony.model.quantities import format_duration, format_size, parse_duration_s, parse_size_bytes


class Isolation(StrEnum):
    """Where a body runs."""

    THREAD = "thread"
    PROCESS = "process"
    SANDBOX = "sandbox"


class OnFailure(StrEnum):
    """What becomes of the rest of a run when a task has failed."""

    CONTINUE = "continue"
    STOP = "stop"


class Backoff(StrEnum):
    """How the delay between attempts grows."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration_s),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)(\s*\d+(\.\d+)?\s*(ms|s|m|h|d))*\s*$"},
                {"type": "number", "minimum": 0},
            ],
            "description": "A duration: 20ms, 1s, 5m, 2h, 1d; a plain number counts seconds.",
        }
    ),
]
"""Seconds, written as ``20ms 1s 5m 2h 1d``."""

Size = Annotated[
    int,
    BeforeValidator(parse_size_bytes),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(B|[KMGT]i?B)\s*$"},
                {"type": "integer", "minimum": 0},
            ],
            "description": "A size: 512KB, 2GB, 1GiB; a plain number counts bytes.",
        }
    ),
]
"""Bytes, written as ``512KB 2GB 1GiB``."""


class ValueModel(BaseModel):
    """The settings of every value that is part of a document: frozen, closed, strict about what it is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)


class Retry(ValueModel):
    """When a failed call is tried again.

    Delays follow ``delay * 2 ** (attempt - 1)`` when exponential, at most `max_delay`; with jitter the delay is drawn
    evenly between 0 and that ("full jitter", Amazon Builders' Library).
    """

    attempts: Annotated[int, Field(ge=1, description="Calls in all, the first included.")] = 1
    delay: Annotated[Duration, Field(description="Wait before the second attempt.")] = 1.0
    backoff: Annotated[Backoff, Field(description="How the wait grows.")] = Backoff.EXPONENTIAL
    max_delay: Annotated[Duration, Field(description="The longest wait between two attempts.")] = 60.0
    max_time: Annotated[Duration | None, Field(description="No attempt starts later than this after the first.")] = None
    jitter: Annotated[bool, Field(description="Draw each wait at random up to its length.")] = True
    on: Annotated[
        tuple[str, ...], Field(description="Names of exceptions to retry; empty: all but programming errors.")
    ] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"attempts": data} if isinstance(data, int) and not isinstance(data, bool) else data


class Resources(ValueModel):
    """What a call occupies while it runs."""

    cpus: Annotated[float, Field(gt=0, description="Processor cores.")] = 1.0
    memory: Annotated[Size | None, Field(description="Memory.")] = None
    gpus: Annotated[float, Field(ge=0, description="Graphics processors.")] = 0.0


NO_RETRY = Retry.model_construct()  # the defaults as they stand: validating them would build the schema at every start
PROGRAMMING_ERRORS = frozenset(
    {"TypeError", "NameError", "UnboundLocalError", "AttributeError", "SyntaxError", "IndentationError", "ImportError",
     "ModuleNotFoundError", "NotImplementedError", "RecursionError", "AssertionError"}
)  # fmt: skip
"""Not retried unless `Retry.on` names them: trying again does not mend a program."""
