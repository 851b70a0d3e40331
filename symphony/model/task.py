"""A task: one step of a melody."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.param import TypeText
from symphony.model.policy import Duration, Isolation, Resources, Retry, ValueModel
from symphony.model.template import Condition, Value, to_document


class Each(ValueModel):
    """One call per element of a list, or per row of several lists.

    Attributes:
        over: lists by name; a single list is named by the empty text and binds ``item`` itself.
        product: whether several lists are crossed, the last varying fastest, instead of zipped.
    """

    over: FrozenMap[str, Value]
    product: bool = False

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, data: Any) -> Any:
        if isinstance(data, Each):
            return data
        # the model's own form holds a map of lists; a document's list named `over` is never a map
        own = isinstance(data, dict) and isinstance(data.get("over"), dict) and set(data) <= {"over", "product"}
        if own and isinstance(data.get("product", False), bool):
            return data
        if isinstance(data, dict):
            if set(data) == {"product"} and isinstance(data["product"], dict):
                return {"over": data["product"], "product": True}
            return {"over": data}
        return {"over": {"": data}}

    @model_serializer
    def _document(self) -> Any:
        if self.single:
            return to_document(self.over[""])
        lists = {name: to_document(value) for name, value in self.over.items()}
        return {"product": lists} if self.product else lists

    @property
    def single(self) -> bool:
        """Whether there is one list, so that ``item`` is the element itself."""
        return "" in self.over


class ShellOutput(ValueModel):
    """A file that a shell step leaves in its work folder."""

    path: Annotated[str, Field(description="The file, relative to the work folder.")]
    type: Annotated[TypeText | None, Field(description="A media type or port type; default: a file.")] = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"path": data} if isinstance(data, str) else data


class Task(ValueModel):
    """One step: it calls a player, runs a shell script, or runs another melody."""

    player: Annotated[
        str | None, Field(description="The player to call: text.split, module:function, extension/player.")
    ] = None
    run: Annotated[str | None, Field(description="A bash script; inputs arrive as environment variables.")] = None
    melody: Annotated[str | None, Field(description="Another melody, by path relative to this file.")] = None
    inputs: Annotated[
        FrozenMap[str, Value], Field(alias="with", description="Values and references for the inputs.")
    ] = EMPTY
    each: Annotated[Each | None, Field(description="One call per element of a list.")] = None
    when: Annotated[Condition | None, Field(description="Run only when this holds.")] = None
    needs: Annotated[tuple[str, ...], Field(description="Tasks that must end first, without passing data.")] = ()
    retry: Annotated[Retry | None, Field(description="When a failed call is tried again.")] = None
    timeout: Annotated[Duration | None, Field(description="The longest one attempt may take.")] = None
    isolation: Annotated[Isolation | None, Field(description="Where the body runs.")] = None
    resources: Annotated[Resources | None, Field(description="What a call occupies.")] = None
    tokens: Annotated[FrozenMap[str, int], Field(description="Named tokens a call holds.")] = EMPTY
    priority: Annotated[int | None, Field(description="Higher starts first among ready tasks.")] = None
    cache: Annotated[bool | None, Field(description="Whether results may be served from the store.")] = None
    outputs: Annotated[FrozenMap[str, ShellOutput], Field(description="Files that a shell step leaves.")] = EMPTY
    description: Annotated[str, Field(description="One line for people.")] = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Task:
        if (self.player is None) + (self.run is None) + (self.melody is None) != 2:
            kinds = [k for k in ("player", "run", "melody") if getattr(self, k) is not None]
            raise PydanticCustomError(
                "task_kind",
                "a task has exactly one of player, run and melody; this one has {found}",
                {"found": " and ".join(kinds) or "none"},
            )
        return self
