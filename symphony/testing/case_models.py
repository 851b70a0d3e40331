"""The forms of a file of test cases for a melody: what is run, with which stubs, and what is expected of it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from symphony.model.states import RunState, TaskState

KINDS = ("equals", "matches", "contains", "snapshot")
RunWord = Literal["succeeded", "failed"]
TaskWord = Literal["pending", "succeeded", "cached", "failed", "skipped", "cancelled"]
assert {str(RunState.SUCCEEDED), str(RunState.FAILED)} == set(RunWord.__args__)  # type: ignore[attr-defined]
assert set(TaskWord.__args__) <= {str(s) for s in TaskState}  # type: ignore[attr-defined]


class Form(BaseModel):
    """A map with known keys, each of the kind that is written here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Matcher(Form):
    """What a value is compared with; exactly one of the keys."""

    equals: Any = Field(None, description="The value is this.")
    matches: str | None = Field(None, description="A regular expression that is found in the text.")
    contains: Any = Field(None, description="A part: of a text, an element of a list, entries of a map.")
    snapshot: Literal[True] | None = Field(None, description="The value is as it was kept under __snapshots__.")

    @field_validator("matches")
    @classmethod
    def _is_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return pattern

    @property
    def kind(self) -> str:
        """Which of the keys was written."""
        return next(iter(self.model_fields_set))


def _as_matcher(value: Any) -> Any:
    """A value that is written as it is means that the value is equal to it."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in KINDS:
        return value
    return {"equals": value}


_MATCHER_SCHEMA = {
    "description": "A value; or a map with one of the keys equals, matches, contains, snapshot.",
    "anyOf": [
        {"type": "object", "properties": {"matches": {"type": "string", "format": "regex"}}, "required": ["matches"],
         "additionalProperties": False},
        {"type": "object", "properties": {"snapshot": {"const": True}}, "required": ["snapshot"],
         "additionalProperties": False},
        {"not": {"type": "object", "minProperties": 1, "maxProperties": 1,
                 "anyOf": [{"required": ["matches"]}, {"required": ["snapshot"]}]}},
    ],
}  # fmt: skip
Expected = Annotated[Matcher, BeforeValidator(_as_matcher), WithJsonSchema(_MATCHER_SCHEMA)]


class Raised(Form):
    """An error that a stub raises."""

    type: str = Field("RuntimeError", description="The name of one of Python's own exceptions, such as TimeoutError.")
    message: str = Field("", description="What the error says.")

    @field_validator("type")
    @classmethod
    def _is_exception(cls, name: str) -> str:
        if exception_named(name) is None:
            raise ValueError(
                f"{name!r} is none of Python's own exceptions, such as TimeoutError, OSError or ValueError"
            )
        return name


def exception_named(name: str) -> type[Exception] | None:
    """One of Python's own exceptions; None where there is none of this name."""
    import builtins  # names of exceptions are looked up nowhere else

    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _as_raised(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) else value


_RAISED_SCHEMA = {
    "description": "An error: its message, or type and message.",
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
         "additionalProperties": False},
    ],
}  # fmt: skip


class Answer(Form):
    """What a stub does when it is called; exactly one of the keys."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    returns: Any = Field(None, description="What the player gives; several outputs as a map.")
    raises: Annotated[Raised, BeforeValidator(_as_raised), WithJsonSchema(_RAISED_SCHEMA)] | None = None
    in_turn: list[Answer] | None = Field(None, min_length=1, description="One after the other; the last one for good.")

    @model_validator(mode="after")
    def _is_one(self) -> Answer:
        if len(self.model_fields_set) != 1:
            raise ValueError("a stub says one of returns, raises and in_turn")
        if any(answer.in_turn is not None for answer in self.in_turn or ()):
            raise ValueError("an answer inside in_turn is returns or raises")
        return self


class Expect(Form):
    """What is expected of a run. What is not named does not count."""

    state: RunWord | None = Field(
        default=None, description="How the run ends; succeeded, or failed where errors are expected."
    )
    outputs: dict[str, Expected] = Field(default_factory=dict, description="Outputs of the melody by name.")
    tasks: dict[str, TaskWord] = Field(
        default_factory=dict, description="States of tasks by path: page, stats[3], child.x."
    )
    errors: dict[str, Expected] = Field(
        default_factory=dict, description="What failed tasks end with: 'ValueError: no rows'."
    )
    calls: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="How often each stub is called, every attempt counted."
    )

    @property
    def ends(self) -> str:
        """How the run is to end."""
        return self.state or ("failed" if self.errors else "succeeded")


class Case(Form):
    """One run, and what is expected of it."""

    name: str = Field(min_length=1, description="What is claimed, in words.")
    params: dict[str, Any] = Field(default_factory=dict, description="Values of parameters.")
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables during the run.")
    stubs: dict[str, Answer] = Field(default_factory=dict, description="Stand-ins for players, by the player's name.")
    clock: Literal["jumping", "real"] = Field("jumping", description="Whether delays of retries pass at once.")
    expect: Expect = Field(Expect(), description="What is expected; a run that succeeds, if nothing is.")


class CaseFile(Form):
    """The test cases of one melody."""

    melody: str | None = Field(
        None,
        description="The melody: a path from this file, or a name; if left out, the one that the file is named after.",
    )
    description: str = ""
    cases: list[Case] = Field(min_length=1, description="The cases; each is a run of its own.")

    @model_validator(mode="after")
    def _names_differ(self) -> CaseFile:
        names = [case.name for case in self.cases]
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise ValueError(f"two cases have the name {twice!r}")
        return self
