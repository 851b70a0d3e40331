"""A melody: parameters, tasks and outputs. The one definition that Python, YAML, prompts and the canvas all give."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, InstanceOf, WithJsonSchema

from symphony.model import names
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.param import Param
from symphony.model.policy import OnFailure, ValueModel
from symphony.model.source import NO_SOURCE, Source
from symphony.model.task import Task
from symphony.model.template import Value


def _melody_name(name: str) -> str:
    problem = names.problem_with_melody_name(name)
    if problem:
        raise ValueError(problem)
    return name


def _version(version: str) -> str:
    problem = names.problem_with_version(version)
    if problem:
        raise ValueError(problem)
    return version


def _names_are_legal(mapping: FrozenMap[str, object]) -> FrozenMap[str, object]:
    for name in mapping:
        problem = names.problem_with_identifier(name)
        if problem:
            raise ValueError(problem)
    return mapping


LegalNames = AfterValidator(_names_are_legal)
Version = Annotated[str, AfterValidator(_version)]


class Melody(ValueModel):
    """A workflow as a value: frozen, comparable, serialisable. Where it came from is no part of what it is."""

    melody: Annotated[str, AfterValidator(_melody_name), Field(description="The name, a label.")]
    version: Annotated[Version, Field(description="MAJOR.MINOR.PATCH.")] = "0.0.0"
    description: Annotated[str, Field(description="What the melody is for.")] = ""
    params: Annotated[FrozenMap[str, Param], LegalNames, Field(description="What a run may be given.")] = EMPTY
    env: Annotated[tuple[str, ...], Field(description="Environment variables that expressions may read.")] = ()
    on_failure: Annotated[
        OnFailure, Field(description="What a failed task means for tasks that do not need it: they run, or all stops.")
    ] = OnFailure.CONTINUE
    tasks: Annotated[FrozenMap[str, Task], LegalNames, Field(description="The steps.")] = EMPTY
    outputs: Annotated[FrozenMap[str, Value], LegalNames, Field(description="What a run gives.")] = EMPTY

    children: Annotated[FrozenMap[str, Melody], WithJsonSchema({}), Field(exclude=True, repr=False)] = EMPTY
    """The melodies that tasks name by ``melody:``, by the text that names them; filled by whoever loads."""
    source: Annotated[InstanceOf[Source], WithJsonSchema({}), Field(exclude=True, repr=False)] = NO_SOURCE
    """Where the definition came from; left out of comparison."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Melody):
            return NotImplemented
        return all(getattr(self, f) == getattr(other, f) for f in type(self).model_fields if f != "source")

    def __hash__(self) -> int:
        return hash((self.melody, self.version, self.tasks, self.outputs))

    @property
    def name(self) -> str:
        """The melody's name."""
        return self.melody
